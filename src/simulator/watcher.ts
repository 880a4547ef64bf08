import { sleep, type Clock } from "#base";
import { ADMIN } from "#composition";
import { hasReason, type KubeObject, type ResourceType } from "#objects";
import type { Endpoint } from "./link.ts";

/** What one watcher has seen: the revision of every event, in the order in which it came. */
export interface WatcherRecord {
  readonly type: ResourceType;
  readonly server: string;
  /** The revision that its watch began at. */
  readonly from: number;
  readonly seen: number[];
  /** The server had forgotten where the watcher was: the record ends there. */
  expired: boolean;
}

/** A watch is asked to end after this, so that it is opened anew from where it came to. */
const WATCH_SECONDS = 20;

/** Watches a kind through one API server for as long as that lives. */
export async function recordWatch(
  type: ResourceType,
  endpoint: Endpoint,
  clock: Clock,
  onRecord: (record: WatcherRecord) => void,
): Promise<void> {
  const client = endpoint.client(ADMIN);
  const { resourceVersion } = await client.list<KubeObject>(type, {});
  const record: WatcherRecord = {
    type,
    server: endpoint.name,
    from: Number(resourceVersion),
    seen: [],
    expired: false,
  };
  onRecord(record);
  let at = resourceVersion;
  while (!endpoint.signal.aborted) {
    try {
      const batches = client.watch(type, {
        resourceVersion: at,
        allowWatchBookmarks: true,
        timeoutSeconds: WATCH_SECONDS,
        signal: endpoint.signal,
      });
      for await (const events of batches) {
        for (const event of events) {
          if (event.type === "BOOKMARK") {
            // Going on from here must leave nothing out.
            at = event.resourceVersion;
            continue;
          }
          at = event.object.metadata.resourceVersion ?? at;
          record.seen.push(Number(at));
        }
      }
    } catch (error) {
      if (endpoint.signal.aborted) return;
      if (hasReason(error, "Expired", "Gone")) {
        record.expired = true;
        return;
      }
      await sleep(clock, 1_000, endpoint.signal).catch(() => {});
    }
  }
}

/**
 * What is wrong with what a watcher has seen of `log`, the revisions at which objects of its kind changed: it must be a
 * part of it without a gap, from the watch's beginning on.
 */
export function watchProblem({ type, server, from, seen }: WatcherRecord, log: readonly number[]): string | undefined {
  const expected = log.filter((revision) => revision > from);
  const wrong = seen.findIndex((revision, i) => revision !== expected[i]);
  if (wrong < 0) return undefined;
  return `the watch of ${type.resource} at ${server} from ${from} saw revision ${seen[wrong]} where ${expected[wrong] ?? "nothing"} was due`;
}
