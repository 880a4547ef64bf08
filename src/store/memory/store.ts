import { type Clock, systemClock } from "#base";
import {
  checkCommit,
  type Commit,
  type CommitResult,
  compactionTarget,
  createCompactionTrigger,
  createWatchHub,
  DEFAULT_HISTORY,
  type Entry,
  type EventBatch,
  type History,
  planCommit,
  type RangeQuery,
  type RangeResult,
  type Read,
  type Store,
  type TooNew,
  type TooOld,
  type WatchHandle,
} from "#store";
import { createEventLog } from "./event-log.ts";
import { createSortedList } from "./sorted-list.ts";
import { compactChain, entryAt, latest, type VersionChain } from "./versions.ts";

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** Default: the last 5 minutes and 10,000 revisions. */
  readonly history?: History;
}

/** A store that forgets everything when the process ends. Commits take effect in the call. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { clock = systemClock, history = DEFAULT_HISTORY } = options;
  const chains = new Map<string, VersionChain>();
  /** Keys that exist now. */
  const live = createSortedList<VersionChain>();
  /** Keys that exist now or did in the history that is kept. */
  const known = createSortedList<VersionChain>();
  const log = createEventLog(1);
  const dueForCompaction = createCompactionTrigger();
  let revision = 1;
  let compacted = 0;
  let time = 0;
  let closed = false;

  const hub = createWatchHub({
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    read: async (from, prefix) => log.read(from, prefix),
  });

  const checkOpen = () => {
    if (closed) throw new Error("the store is closed");
  };

  const refusal = (at: number): TooOld | TooNew | undefined => {
    if (at > revision) return { ok: false, reason: "too-new", revision };
    if (at < compacted) return { ok: false, reason: "too-old", compacted };
    return undefined;
  };

  const lookup = (key: string): Entry | undefined => {
    const chain = chains.get(key);
    return chain && latest(chain);
  };

  const apply = (key: string, entry: Entry | undefined) => {
    let chain = chains.get(key);
    if (!chain) {
      chain = { key, versions: [] };
      chains.set(key, chain);
      known.insert(chain);
    }
    const existed = latest(chain) !== undefined;
    chain.versions.push({ revision, entry });
    if (entry && !existed) live.insert(chain);
    else if (!entry && existed) live.delete(key);
  };

  const compactTo = (at: number) => {
    if (at <= compacted) return;
    for (let next = Math.max(compacted, 1) + 1; next <= at; next++) {
      for (const { key } of log.eventsOf(next)) {
        const chain = chains.get(key);
        if (!chain || compactChain(chain, at)) continue;
        chains.delete(key);
        known.delete(key);
      }
    }
    log.dropTo(at);
    compacted = at;
  };

  const compactIfDue = () => {
    const now = clock.now();
    if (!dueForCompaction(revision, now)) return;
    const target = compactionTarget(history, { revision, compacted, now, timeOf: log.timeOf });
    if (target !== undefined) compactTo(target);
  };

  const rangeNow = ({ start, end, limit }: RangeQuery): RangeResult => {
    const entries: Entry[] = [];
    let more = false;
    live.scan(start, end, (chain) => {
      more = limit !== undefined && entries.length >= limit;
      if (!more) entries.push(latest(chain)!);
      return !more;
    });
    return { entries, more, count: more ? live.count(start, end) : entries.length };
  };

  const rangeAt = ({ start, end, limit = Infinity, countOnly }: RangeQuery, at: number): RangeResult => {
    const entries: Entry[] = [];
    let count = 0;
    known.scan(start, end, (chain) => {
      const entry = entryAt(chain, at);
      if (!entry) return true;
      count++;
      if (!countOnly && entries.length < limit) entries.push(entry);
      return true;
    });
    return { entries, more: !countOnly && count > entries.length, count };
  };

  return {
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    async get(key, at): Promise<Read<Entry | undefined>> {
      checkOpen();
      if (at === undefined) return { ok: true, value: lookup(key), revision };
      const refused = refusal(at);
      if (refused) return refused;
      const chain = chains.get(key);
      return { ok: true, value: chain && entryAt(chain, at), revision: at };
    },
    async range(query): Promise<Read<RangeResult>> {
      checkOpen();
      const { at = revision, start, end, countOnly } = query;
      const refused = refusal(at);
      if (refused) return refused;
      if (at < revision) return { ok: true, value: rangeAt(query, at), revision: at };
      const value = countOnly ? { entries: [], more: false, count: live.count(start, end) } : rangeNow(query);
      return { ok: true, value, revision: at };
    },
    async commit(commit: Commit): Promise<CommitResult> {
      checkOpen();
      checkCommit(commit);
      const plan = planCommit(commit, revision + 1, lookup);
      if (!plan.ok) return plan;
      const mine = ++revision;
      time = Math.max(time, clock.now());
      log.append(time, plan.events);
      for (const event of plan.events) apply(event.key, event.entry);
      hub.publish(mine, mine, plan.events);
      compactIfDue();
      return { ok: true, revision: mine };
    },
    async watch(watchOptions, sink: (batch: EventBatch) => void): Promise<WatchHandle | TooOld> {
      checkOpen();
      return hub.watch(watchOptions, sink);
    },
    async compact(at) {
      checkOpen();
      if (at > revision)
        throw new RangeError(`cannot compact at ${at}, which is after the newest revision ${revision}`);
      compactTo(at);
    },
    size: () => 0,
    async close() {
      closed = true;
      hub.close();
    },
  };
}
