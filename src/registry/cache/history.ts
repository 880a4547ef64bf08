import type { Store, StoreEvent, TooOld } from "#store";
import { readEntries } from "./read-entries.ts";
import type { ResourceCache } from "./resource-cache.ts";
import { RingEntry } from "./ring.ts";

/** How many changes are taken from the store in one go. */
const CHUNK = 1000;

export interface Past {
  readonly ok: true;
  readonly changes: readonly RingEntry[];
  /** All changes up to this revision are among them. */
  readonly revision: number;
}

/** Changes of a resource after revision `from`, which are no longer in its ring; not always all of them. */
export async function readPast(store: Store, cache: ResourceCache, from: number): Promise<Past | TooOld> {
  const events: StoreEvent[] = [];
  let revision = from;
  let full = false;
  const handle = await store.watch({ from, prefix: cache.prefix }, (batch) => {
    if (full) return "stop";
    events.push(...batch.events);
    revision = batch.revision;
    full = events.length >= CHUNK;
    return full ? "stop" : undefined;
  });
  if (!handle.ok) return handle;
  handle.close();
  return { ok: true, changes: await changesOf(cache, events), revision };
}

async function changesOf(cache: ResourceCache, events: readonly StoreEvent[]): Promise<RingEntry[]> {
  const entries = events.flatMap(({ entry, previous }) => [entry, previous].filter((each) => each !== undefined));
  const read = await readEntries(cache, entries);
  const byEntry = new Map(entries.map((entry, i) => [entry, read[i]!]));
  return events.map(({ revision, key, entry, previous }) => {
    return new RingEntry(revision, key, entry && byEntry.get(entry), previous && byEntry.get(previous));
  });
}
