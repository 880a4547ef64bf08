/**
 * A map ordered by key. Kept as a list of short sorted runs, so that a change moves few elements and a range is
 * a concatenation of slices.
 */
export class SortedEntries<T extends { readonly storeKey: string }> {
  readonly #byKey = new Map<string, T>();
  /** Never empty runs, in order. */
  readonly #runs: T[][] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  set(entry: T): void {
    const known = this.#byKey.has(entry.storeKey);
    this.#byKey.set(entry.storeKey, entry);
    if (this.#runs.length === 0) {
      this.#runs.push([entry]);
      return;
    }
    const runAt = Math.min(this.#runFor(entry.storeKey), this.#runs.length - 1);
    const run = this.#runs[runAt]!;
    const at = lowerBound(run, entry.storeKey);
    if (known) {
      run[at] = entry;
      return;
    }
    run.splice(at, 0, entry);
    if (run.length > MAX_RUN) this.#runs.splice(runAt + 1, 0, run.splice(run.length >> 1));
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const runAt = this.#runFor(key);
    const run = this.#runs[runAt]!;
    run.splice(lowerBound(run, key), 1);
    if (run.length === 0) this.#runs.splice(runAt, 1);
  }

  clear(): void {
    this.#byKey.clear();
    this.#runs.length = 0;
  }

  values(): Iterable<T> {
    return this.#byKey.values();
  }

  /** The entries with `start <= key < end`, in order, at most `limit` of them. */
  range(start: string, end: string, limit = Infinity): T[] {
    const result: T[] = [];
    for (let runAt = this.#runFor(start); runAt < this.#runs.length; runAt++) {
      const run = this.#runs[runAt]!;
      const to = run.at(-1)!.storeKey < end ? run.length : lowerBound(run, end);
      for (let i = run[0]!.storeKey >= start ? 0 : lowerBound(run, start); i < to; i++) {
        if (result.length >= limit) return result;
        result.push(run[i]!);
      }
      if (to < run.length) return result;
    }
    return result;
  }

  /** How many keys are in `start <= key < end`. */
  count(start: string, end: string): number {
    return Math.max(0, this.#rank(end) - this.#rank(start));
  }

  #rank(key: string): number {
    const runAt = this.#runFor(key);
    let rank = 0;
    for (let i = 0; i < runAt; i++) rank += this.#runs[i]!.length;
    const run = this.#runs[runAt];
    return run ? rank + lowerBound(run, key) : rank;
  }

  /** The first run whose last key is not below `key`; one past the end when there is none. */
  #runFor(key: string): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle]!.at(-1)!.storeKey < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const MAX_RUN = 512;

function lowerBound(run: readonly { readonly storeKey: string }[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (run[middle]!.storeKey < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
