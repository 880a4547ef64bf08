import { compareKeys, isWide } from "#store";

/** Split a chunk at this size; half of it is left in each. */
const CHUNK = 512;

/**
 * Items in the order of their keys' UTF-8 bytes. Inserting, deleting and finding cost a binary search and a move
 * of at most {@link CHUNK} items.
 */
export interface SortedList<T extends { readonly key: string }> {
  readonly size: number;
  /** Adds an item; there must be none with its key. */
  insert(item: T): void;
  /** Removes the item with this key. Returns whether there was one. */
  delete(key: string): boolean;
  /** Calls `visit` for items with `start <= key < end` in order, until it returns false. */
  scan(start: string, end: string, visit: (item: T) => boolean): void;
  /** How many items have `start <= key < end`. Costs one step per chunk, not per item. */
  count(start: string, end: string): number;
}

/** Makes an empty list. */
export function createSortedList<T extends { readonly key: string }>(): SortedList<T> {
  /** Never empty inside; sorted by their first items. */
  const chunks: T[][] = [];
  let size = 0;
  /** Whether string comparison and byte order may differ: only once a key of that kind is in here. */
  let wide = false;

  const before = (a: string, b: string) => (wide ? compareKeys(a, b) < 0 : a < b);

  /** The last chunk that starts at or before `key`, or the first one. */
  const chunkFor = (key: string): number => {
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (before(key, chunks[middle]![0]!.key)) high = middle - 1;
      else low = middle;
    }
    return low;
  };

  /** The first index in the chunk whose key is not before `key`. */
  const indexIn = (chunk: readonly T[], key: string): number => {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(chunk[middle]!.key, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get size() {
      return size;
    },
    insert(item) {
      wide ||= isWide(item.key);
      size++;
      if (chunks.length === 0) {
        chunks.push([item]);
        return;
      }
      const at = chunkFor(item.key);
      const chunk = chunks[at]!;
      chunk.splice(indexIn(chunk, item.key), 0, item);
      if (chunk.length > CHUNK) chunks.splice(at + 1, 0, chunk.splice(CHUNK >> 1));
    },
    delete(key) {
      if (chunks.length === 0) return false;
      const at = chunkFor(key);
      const chunk = chunks[at]!;
      const index = indexIn(chunk, key);
      if (chunk[index]?.key !== key) return false;
      chunk.splice(index, 1);
      if (chunk.length === 0) chunks.splice(at, 1);
      size--;
      return true;
    },
    scan(start, end, visit) {
      if (chunks.length === 0) return;
      const first = chunkFor(start);
      for (let at = first; at < chunks.length; at++) {
        const chunk = chunks[at]!;
        for (let i = at === first ? indexIn(chunk, start) : 0; i < chunk.length; i++) {
          const item = chunk[i]!;
          if (!before(item.key, end) || !visit(item)) return;
        }
      }
    },
    count(start, end) {
      if (chunks.length === 0 || !before(start, end)) return 0;
      const from = chunkFor(start);
      const to = chunkFor(end);
      let count = indexIn(chunks[to]!, end) - indexIn(chunks[from]!, start);
      for (let at = from; at < to; at++) count += chunks[at]!.length;
      return count;
    },
  };
}
