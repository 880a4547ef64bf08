import type { Store, StoreEvent, TooOld } from "#store";
import { objectKey } from "../keys.ts";
import type { ResourceCache } from "./resource-cache.ts";
import { Change } from "./ring.ts";
import { Stored } from "./stored.ts";

/** How many changes are taken from the store in one go. */
const CHUNK = 1000;

export interface Past {
  readonly ok: true;
  readonly changes: readonly Change[];
  /** All changes up to this revision are among them. */
  readonly revision: number;
}

/** Changes of a resource after revision `from`, which are no longer in its ring; not always all of them. */
export async function readPast(store: Store, cache: ResourceCache, from: number): Promise<Past | TooOld> {
  const changes: Change[] = [];
  let revision = from;
  let full = false;
  const handle = await store.watch({ from, prefix: cache.prefix }, (batch) => {
    if (full) return "stop";
    for (const event of batch.events) changes.push(changeOf(cache, event));
    revision = batch.revision;
    full = changes.length >= CHUNK;
    return full ? "stop" : undefined;
  });
  if (!handle.ok) return handle;
  handle.close();
  return { ok: true, changes, revision };
}

function changeOf(cache: ResourceCache, event: StoreEvent): Change {
  const key = objectKey(cache.prefix, event.key);
  const { entry, previous } = event;
  return new Change(
    event.revision,
    event.key,
    entry && Stored.read(cache.encoding, entry, key),
    previous && Stored.read(cache.encoding, previous, key),
  );
}
