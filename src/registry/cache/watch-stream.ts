import { type Clock, forEachYielding, unlessAborted } from "#base";
import { expired, type StatusError } from "#objects";
import type { Store } from "#store";
import type { WatchEvent } from "../contract.ts";
import type { BookmarkTimer } from "./bookmarks.ts";
import { Cursor } from "./cursor.ts";
import { readPast } from "./history.ts";
import type { ResourceCache } from "./resource-cache.ts";
import type { Stored } from "./stored.ts";
import { Watcher, type Interest } from "./watcher-set.ts";

const BATCH = 512;

export interface StreamSource {
  readonly store: Store;
  readonly cache: ResourceCache;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly bookmarks: BookmarkTimer;
}

/** How long a kind is served in one way: until it goes, or changes. */
export interface Lifetime {
  ended: boolean;
}

export interface StreamOptions {
  readonly matches: (object: Stored) => boolean;
  readonly interest: Interest | undefined;
  /**
   * "current": the objects that are there now are told as ADDED first. "now": only what comes. Else the revision
   * after which changes are wanted.
   */
  readonly start: "current" | "now" | number;
  /** The objects that are there now, in key order, those that are not selected among them. */
  readonly current: () => readonly Stored[];
  readonly bookmarks: boolean;
  /** A bookmark says when the current objects are through. */
  readonly marksInitialEnd: boolean;
  /** Waited for before it starts; resolves to an error when it cannot. */
  readonly ready: () => Promise<StatusError | undefined>;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * One watch. It holds no queue: its place is a number in the resource's ring, or a revision in the store's
 * history when it has fallen behind that. When the history is gone too it ends with 410 Expired.
 */
export async function* watchStream(
  source: StreamSource,
  options: StreamOptions,
): AsyncGenerator<readonly WatchEvent[], void, undefined> {
  const { cache, clock, store } = source;
  const { signal, timeoutMs } = options;
  const watcher = new Watcher();
  let timedOut = false;
  let bookmarkDue = false;
  const stops: (() => void)[] = [];
  const wake = () => watcher.wake();
  signal.addEventListener("abort", wake, { once: true });
  stops.push(() => signal.removeEventListener("abort", wake));
  if (timeoutMs !== undefined) {
    const timer = clock.setTimeout(() => {
      timedOut = true;
      wake();
    }, timeoutMs);
    stops.push(() => timer.cancel());
  }
  try {
    const refused = await readyToStart(source, options);
    if (refused) {
      yield [{ type: "ERROR", status: refused.status }];
      return;
    }
    if (isOver(source)) return;

    // Until the first await from here, all is seen at one revision.
    stops.push(cache.watchers.add(watcher, options.interest));
    if (options.bookmarks) {
      stops.push(
        source.bookmarks.add(() => {
          bookmarkDue = true;
          wake();
        }),
      );
    }
    const start = cache.revision;
    const from = typeof options.start === "number" ? options.start : start;
    const cursor = new Cursor(cache, watcher, options.matches, from);
    if (options.start === "current") {
      yield* currentObjects(options, clock);
      if (signal.aborted) return;
      if (options.marksInitialEnd) yield [{ type: "BOOKMARK", revision: start, initialEventsEnd: true }];
    }
    for (;;) {
      if (signal.aborted || !(isOpen(source) || (await unlessAborted(opened(source), signal)))) return;
      let events = cursor.take();
      if (events === "behind") {
        const past = await readPast(store, cache, cursor.position);
        if (!past.ok) {
          const message = `too old resource version: ${cursor.position} (${past.compacted})`;
          yield [{ type: "ERROR", status: expired(message).status }];
          return;
        }
        events = cursor.takePast(past);
      }
      if (events.length > 0) {
        yield events;
      } else if (cursor.atEnd) {
        if (timedOut) break;
        if (bookmarkDue) {
          bookmarkDue = false;
          yield [{ type: "BOOKMARK", revision: cursor.position, initialEventsEnd: false }];
        } else await watcher.parked();
      }
    }
    if (options.bookmarks) yield [{ type: "BOOKMARK", revision: cursor.position, initialEventsEnd: false }];
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const stop of stops) stop();
  }
}

/**
 * Resolves once the watch can start, to an error when it cannot. Rejects with the signal's reason: a store that tells
 * nothing any more would keep a watch waiting that is to end.
 */
function readyToStart(source: StreamSource, { ready, signal }: StreamOptions): Promise<StatusError | undefined> {
  const started = async () => {
    const refused = await ready();
    if (!refused && !isOver(source)) await source.cache.ready();
    return refused;
  };
  return unlessAborted(whileOpen(source, started), signal);
}

/** The objects that are there, of those that are selected, until the signal aborts. */
async function* currentObjects(
  { current, matches, signal }: StreamOptions,
  clock: Clock,
): AsyncGenerator<readonly WatchEvent[], void, undefined> {
  const objects = current();
  for (let i = 0; i < objects.length && !signal.aborted; i += BATCH) {
    const events: WatchEvent[] = [];
    await forEachYielding(objects.slice(i, i + BATCH), clock, (object) => {
      if (matches(object)) events.push({ type: "ADDED", object });
    });
    if (events.length > 0) yield events;
  }
}

/** What goes wrong because the kind has gone, or changed, is the end and no error. */
async function whileOpen<T>(source: StreamSource, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isOver(source)) return undefined;
    throw error;
  }
}

const isOver = ({ cache, lifetime }: StreamSource): boolean => lifetime.ended || cache.closed;

const isOpen = ({ cache, lifetime }: StreamSource): boolean => !lifetime.ended && cache.isReady;

/** Whether the kind is still served so, once what it has is there. Rejects with 500 when that cannot be read. */
async function opened(source: StreamSource): Promise<boolean> {
  if (!isOver(source)) await whileOpen(source, () => source.cache.ready());
  return !isOver(source);
}
