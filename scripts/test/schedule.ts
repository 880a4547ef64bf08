// Which test file starts next, of those that run side by side: pure.

/**
 * Whether the file meets its like on the machine (containers, network namespaces, Debian's packages), and so never
 * runs beside another such file. All others keep to temporary directories, free ports and names of their own.
 */
export const isExclusive = (file: string): boolean => file.endsWith(".real.test.ts");

/** The first that may start beside those that run; undefined when each has to wait. */
export function nextFile(waiting: readonly string[], running: Iterable<string>): string | undefined {
  const taken = [...running].some(isExclusive);
  return waiting.find((file) => !taken || !isExclusive(file));
}

/** When each file ends, by seconds from the start, if they start in this order on so many workers. */
export class Estimate {
  readonly #workers: number[];
  #exclusive = 0;

  constructor(workers: number) {
    this.#workers = Array.from({ length: workers }, () => 0);
  }

  /** When the file would end that starts next. */
  endOf(file: string, seconds: number): number {
    const free = Math.min(...this.#workers);
    return (isExclusive(file) ? Math.max(free, this.#exclusive) : free) + seconds;
  }

  add(file: string, seconds: number): void {
    const end = this.endOf(file, seconds);
    this.#workers[this.#workers.indexOf(Math.min(...this.#workers))] = end;
    if (isExclusive(file)) this.#exclusive = end;
  }
}
