/**
 * What was made of texts, so that it is made once: at most so many, and of so many characters altogether, since
 * clients write the texts. Beyond that it starts afresh. Where what is made takes far more room than its text, the
 * size of both together is given instead of the text's length.
 */
export class Memo<V> {
  readonly #maxEntries: number;
  readonly #maxLength: number;
  readonly #values = new Map<string, V>();
  #length = 0;

  constructor(maxEntries: number, maxLength: number) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
  }

  get size(): number {
    return this.#values.size;
  }

  get(text: string): V | undefined {
    return this.#values.get(text);
  }

  /** The text must be new. */
  set(text: string, value: V, size = text.length): void {
    if (size > this.#maxLength) return;
    this.#length += size;
    if (this.#values.size >= this.#maxEntries || this.#length > this.#maxLength) {
      this.clear();
      this.#length = size;
    }
    this.#values.set(text, value);
  }

  clear(): void {
    this.#values.clear();
    this.#length = 0;
  }
}
