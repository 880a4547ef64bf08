/** Something that is due at a time; of those due at the same time the one that was added first comes first. */
export interface Due {
  readonly at: number;
  readonly order: number;
}

/** Things by when they are due. Adding and taking cost O(log n), removing O(1) on average. */
export interface DueHeap<T extends Due> {
  add(item: T): void;
  /** The first that is due at `limit` or before, taken out. */
  takeUntil(limit: number): T | undefined;
  /** Forgets an item; one that is not in it does nothing. */
  remove(item: T): void;
  readonly size: number;
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Makes an empty {@link DueHeap}. */
export function createDueHeap<T extends Due>(): DueHeap<T> {
  let items: T[] = [];
  /** What is in it: removed items stay in the array until they come up or outnumber the rest. */
  const alive = new Set<T>();

  const sink = (index: number) => {
    const item = items[index]!;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      if (!isBefore(items[child]!, item)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = item;
  };

  const takeFirst = () => {
    const last = items.pop()!;
    if (items.length === 0) return;
    items[0] = last;
    sink(0);
  };

  return {
    add(item) {
      alive.add(item);
      let index = items.length;
      items.push(item);
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(item, items[parent]!)) break;
        items[index] = items[parent]!;
        index = parent;
      }
      items[index] = item;
    },
    takeUntil(limit) {
      for (let first = items[0]; first; first = items[0]) {
        if (alive.has(first)) {
          if (first.at > limit) return undefined;
          takeFirst();
          alive.delete(first);
          return first;
        }
        takeFirst();
      }
      return undefined;
    },
    remove(item) {
      if (!alive.delete(item) || items.length < 2 * alive.size + 64) return;
      items = items.filter((other) => alive.has(other));
      for (let index = (items.length >> 1) - 1; index >= 0; index--) sink(index);
    },
    get size() {
      return alive.size;
    },
  };
}
