import type { Entry, StoreEvent } from "#store";

/**
 * The entries that were written last, as they were handed in: with their attachments, and without reading and
 * copying them again. Holds at most `maxEntries` entries with `maxBytes` of values, the oldest go first.
 */
export interface RecentEntries {
  /** What stands at a key now, if it was written recently. */
  get(key: string): Entry | undefined;
  apply(event: StoreEvent): void;
  clear(): void;
}

/** Makes an empty cache. */
export function createRecentEntries(maxEntries = 8192, maxBytes = 16 * 2 ** 20): RecentEntries {
  /** In order of writing. */
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    bytes -= entry.value.length;
  };
  return {
    get: (key) => entries.get(key),
    apply({ key, entry }) {
      drop(key);
      if (!entry) return;
      entries.set(key, entry);
      bytes += entry.value.length;
      while (entries.size > maxEntries || bytes > maxBytes) drop(entries.keys().next().value!);
    },
    clear() {
      entries.clear();
      bytes = 0;
    },
  };
}
