/** How many endpoints that have gone are remembered. */
const MAX_GONE = 1000;

/** UDP endpoints that have gone, by their keys: the last thousand of them. */
export class GoneEndpoints {
  readonly #keys = new Set<string>();

  add(key: string): void {
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= MAX_GONE) break;
      this.#keys.delete(oldest);
    }
  }

  /** It is there again. Says whether it was remembered. */
  remove(key: string): boolean {
    return this.#keys.delete(key);
  }

  keys(): Iterable<string> {
    return this.#keys;
  }
}
