import { compareKeys, isWide } from "#store";

/** Split a chunk at this size; half of it is left in each. */
const CHUNK = 512;

/**
 * Items in the order of their keys' UTF-8 bytes. Inserting, deleting and finding cost a binary search and a move
 * of at most {@link CHUNK} items.
 */
export class SortedList<T extends { readonly key: string }> {
  /** Never empty inside; sorted by their first items. */
  readonly #chunks: T[][] = [];
  #size = 0;
  /** Whether string comparison and byte order may differ: only once a key of that kind is in here. */
  #wide = false;

  get size(): number {
    return this.#size;
  }

  /** Adds an item; there must be none with its key. */
  insert(item: T): void {
    this.#wide ||= isWide(item.key);
    this.#size++;
    const chunks = this.#chunks;
    if (chunks.length === 0) {
      chunks.push([item]);
      return;
    }
    const at = this.#chunkFor(item.key);
    const chunk = chunks[at]!;
    chunk.splice(this.#indexIn(chunk, item.key), 0, item);
    if (chunk.length > CHUNK) chunks.splice(at + 1, 0, chunk.splice(CHUNK >> 1));
  }

  /** Removes the item with this key. Returns whether there was one. */
  delete(key: string): boolean {
    const chunks = this.#chunks;
    if (chunks.length === 0) return false;
    const at = this.#chunkFor(key);
    const chunk = chunks[at]!;
    const index = this.#indexIn(chunk, key);
    if (chunk[index]?.key !== key) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) chunks.splice(at, 1);
    this.#size--;
    return true;
  }

  /** Calls `visit` for items with `start <= key < end` in order, until it returns false. */
  scan(start: string, end: string, visit: (item: T) => boolean): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) return;
    const first = this.#chunkFor(start);
    for (let at = first; at < chunks.length; at++) {
      const chunk = chunks[at]!;
      for (let i = at === first ? this.#indexIn(chunk, start) : 0; i < chunk.length; i++) {
        const item = chunk[i]!;
        if (!this.#isBefore(item.key, end) || !visit(item)) return;
      }
    }
  }

  /** How many items have `start <= key < end`. Costs one step per chunk, not per item. */
  count(start: string, end: string): number {
    const chunks = this.#chunks;
    if (chunks.length === 0 || !this.#isBefore(start, end)) return 0;
    const from = this.#chunkFor(start);
    const to = this.#chunkFor(end);
    let count = this.#indexIn(chunks[to]!, end) - this.#indexIn(chunks[from]!, start);
    for (let at = from; at < to; at++) count += chunks[at]!.length;
    return count;
  }

  #isBefore(a: string, b: string): boolean {
    return this.#wide ? compareKeys(a, b) < 0 : a < b;
  }

  /** The last chunk that starts at or before `key`, or the first one. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#isBefore(key, this.#chunks[middle]![0]!.key)) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  /** The first index in the chunk whose key is not before `key`. */
  #indexIn(chunk: readonly T[], key: string): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(chunk[middle]!.key, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
