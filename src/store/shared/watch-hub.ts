import type { EventBatch, StoreEvent, TooOld, WatchHandle } from "../contract.ts";
import type { ReadBounds } from "./bounds.ts";

type Sink = (batch: EventBatch) => void | "stop";

interface Watcher {
  readonly prefix: string;
  readonly sink: Sink;
  /** Everything up to this revision has been handed over. */
  cursor: number;
  closed: boolean;
}

interface Published {
  readonly first: number;
  readonly last: number;
  readonly events: readonly StoreEvent[];
}

/**
 * Reads the past for a watcher that starts in it: events after `from` whose keys start with `prefix`, in order and in
 * whole revisions, some at a time; `revision` is how far this piece reaches. Nothing (up to `from`) when that was
 * compacted meanwhile.
 */
export type HistoryReader = (from: number, prefix: string) => Promise<EventBatch>;

export interface WatchHub {
  watch(options: { readonly from: number; readonly prefix: string }, sink: Sink): Promise<WatchHandle | TooOld>;
  /** Hands over the events of the revisions `first..last`. Called in order of revision, also from within a sink. */
  publish(first: number, last: number, events: readonly StoreEvent[]): void;
  /** How many watchers are live. */
  readonly size: number;
  close(): void;
}

const NO_EVENTS: readonly StoreEvent[] = [];

/**
 * Hands every batch to all watchers in the order of the revisions. A watcher starts in history and goes over to
 * live ones in the turn in which it has read all of it, so nothing falls between the two.
 *
 * `bounds` is looked at each time: of the store as it is then.
 */
export function createWatchHub(bounds: ReadBounds, read: HistoryReader): WatchHub {
  /** By prefix, so that a batch is filtered once for all who watch the same. */
  const byPrefix = new Map<string, Set<Watcher>>();
  const queue: Published[] = [];
  let size = 0;
  let delivering = false;
  let closed = false;

  const add = (watcher: Watcher) => {
    const group = byPrefix.get(watcher.prefix);
    if (group) group.add(watcher);
    else byPrefix.set(watcher.prefix, new Set([watcher]));
    size++;
  };

  const remove = (watcher: Watcher) => {
    watcher.closed = true;
    const group = byPrefix.get(watcher.prefix);
    if (!group?.delete(watcher)) return;
    size--;
    if (group.size === 0) byPrefix.delete(watcher.prefix);
  };

  const deliver = ({ first, last, events }: Published) => {
    const matching = splitByPrefix(events, byPrefix);
    for (const [prefix, group] of byPrefix) {
      const batch: EventBatch = { events: matching.get(prefix) ?? NO_EVENTS, revision: last };
      for (const watcher of group) {
        if (watcher.cursor >= last || watcher.closed) continue;
        const since = watcher.cursor;
        watcher.cursor = last;
        // One that started within this batch has seen its beginning already.
        const rest =
          since < first ? batch : { ...batch, events: batch.events.filter((event) => event.revision > since) };
        if (!call(watcher, rest)) remove(watcher);
      }
    }
  };

  return {
    async watch({ from, prefix }, sink) {
      const watcher: Watcher = { prefix, sink, cursor: from, closed: false };
      while (!closed) {
        const { compacted, revision } = bounds;
        if (watcher.cursor < compacted) return { ok: false, reason: "too-old", compacted };
        if (watcher.cursor >= revision) break;
        const batch = await read(watcher.cursor, prefix);
        if (closed || batch.revision === watcher.cursor) continue;
        watcher.cursor = batch.revision;
        if (!call(watcher, batch)) return { ok: true, close: () => {} };
      }
      if (!closed) add(watcher);
      return { ok: true, close: () => remove(watcher) };
    },
    publish(first, last, events) {
      queue.push({ first, last, events });
      // A sink that commits must not make others see its revision before the one in hand.
      if (delivering) return;
      delivering = true;
      for (let next = queue.shift(); next && !closed; next = queue.shift()) deliver(next);
      delivering = false;
    },
    get size() {
      return size;
    },
    close() {
      closed = true;
      queue.length = 0;
      byPrefix.clear();
      size = 0;
    },
  };
}

/** Calls a sink; false when it has had enough. One that throws is a bug of its owner's: the others still get theirs. */
function call({ sink }: Watcher, batch: EventBatch): boolean {
  try {
    return sink(batch) !== "stop";
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return true;
  }
}

/**
 * The events for each of the watched prefixes. Most prefixes end at a slash: those are found by cutting the key
 * there, at a cost that does not grow with the number of watchers.
 */
function splitByPrefix(
  events: readonly StoreEvent[],
  watched: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, StoreEvent[]> {
  const found = new Map<string, StoreEvent[]>();
  if (events.length === 0 || watched.size === 0) return found;
  const put = (prefix: string, event: StoreEvent) => {
    const list = found.get(prefix);
    if (list) list.push(event);
    else found.set(prefix, [event]);
  };
  const odd = [...watched.keys()].filter((prefix) => !prefix.endsWith("/"));
  for (const event of events) {
    const { key } = event;
    for (let i = key.indexOf("/"); i >= 0; i = key.indexOf("/", i + 1)) {
      const prefix = key.slice(0, i + 1);
      if (watched.has(prefix)) put(prefix, event);
    }
    for (const prefix of odd) if (key.startsWith(prefix)) put(prefix, event);
  }
  return found;
}
