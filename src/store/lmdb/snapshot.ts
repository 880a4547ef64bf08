import type { Transaction } from "lmdb";
import {
  compareKeys,
  encodableBound,
  type Entry,
  type EventBatch,
  isKey,
  type RangeQuery,
  type RangeResult,
  type StoreEvent,
} from "#store";
import { decodeLogged, decodeRecord, modRevisionOf, timeOfLogged } from "./codec.ts";
import type { Tables } from "./environment.ts";

/** At most this many revisions in one piece of history. */
const PIECE = 250;
/** Entries read in one turn of the event loop: about 3 ms' worth. */
const TURN = 1_000;
/** Versions of one key that are stepped over before a new seek is cheaper. */
const STEPS = 8;

/** A consistent view of everything at one durable revision. A caller that uses it across an await retains it. */
export interface Snapshot {
  readonly revision: number;
  get(key: string): Entry | undefined;
  /** What stood at a key at a revision up to this one that is not compacted. */
  getAt(key: string, at: number): Entry | undefined;
  range(query: RangeQuery, at: number): Promise<RangeResult>;
  /** One piece of the events after `from`. */
  read(from: number, prefix: string): EventBatch;
  timeOf(revision: number): number;
  /** Keys and versions in `past` that a reader at `to` cannot see; they were replaced after `from`, up to `to`. */
  replaced(from: number, to: number): { readonly key: string; readonly revision: number }[];
  retain(): void;
  release(): void;
}

/** What `past` says of a key: no entry where it did not exist, or where only `current` knows. */
interface PastEntry {
  readonly key: string;
  readonly entry: Entry | undefined;
}

export interface SnapshotOptions {
  readonly tables: Tables;
  readonly transaction: Transaction;
  readonly revision: number;
  /** The entry as this process knows it already (with its attachment), if it is of this revision. */
  readonly known: (key: string, modRevision: number) => Entry | undefined;
  /** Lets the event loop go round. */
  readonly pause: () => Promise<void>;
}

/** Makes a snapshot that holds its transaction until it is released as often as it was retained, and once more. */
export function createSnapshot({ tables, transaction, revision, known, pause }: SnapshotOptions): Snapshot {
  const { current, past, log } = tables;
  let holders = 1;

  const decode = (key: string, record: Uint8Array): Entry | undefined =>
    known(key, modRevisionOf(record)) ?? decodeRecord(key, record);

  const get = (key: string): Entry | undefined => {
    // LMDB cannot even look for others.
    if (!isKey(key)) return undefined;
    const record = current.get(key, transaction);
    return record && decode(key, record);
  };

  /** The version of a key that this revision wrote. */
  const versionOf = (key: string, written: number): Entry | undefined => {
    const entry = get(key);
    if (entry?.modRevision === written) return entry;
    const record = past.get({ key, revision: written }, transaction);
    return record && decodeRecord(key, record);
  };

  const pastAt = (key: string, at: number): Entry | undefined => {
    for (const row of past.scan({ key, revision: at }, { key, revision: -1 }, transaction)) {
      return decodeRecord(key, row.value);
    }
    return undefined;
  };

  const getAt = (key: string, at: number): Entry | undefined => {
    if (!isKey(key)) return undefined;
    const entry = get(key);
    return entry && entry.modRevision <= at ? entry : pastAt(key, at);
  };

  /** For each key of the range that `past` knows: what it says about it at `at`. The bounds are encodable ones. */
  function* pastRange(start: string, end: string, at: number): Generator<PastEntry> {
    for (let from: string | undefined = start; from !== undefined;) from = yield* pastRun(from, end, at);
  }

  /** As {@link pastRange}, up to a key with many versions; returns where to go on after it. */
  function* pastRun(start: string, end: string, at: number): Generator<PastEntry, string | undefined> {
    let key: string | undefined;
    let found = false;
    let steps = 0;
    for (const row of past.scan({ key: start, revision: Infinity }, { key: end, revision: Infinity }, transaction)) {
      if (row.key.key !== key) {
        if (key !== undefined && !found) yield { key, entry: undefined };
        ({ key } = row.key);
        found = false;
        steps = 0;
      }
      if (!found && row.key.revision <= at) {
        found = true;
        yield { key, entry: decodeRecord(key, row.value) };
      }
      if (++steps < STEPS) continue;
      // Straight to the version we want, then to the next key.
      if (!found) yield { key, entry: pastAt(key, at) };
      return `${key}\u0001`;
    }
    if (key !== undefined && !found) yield { key, entry: undefined };
    return undefined;
  }

  /** Everything in the range at `at`: `current` and `past` merged by key. */
  function* rangeAt(start: string, end: string, at: number): Generator<Entry> {
    const older = pastRange(start, end, at);
    try {
      let next = older.next();
      for (const row of current.scan(start, end, transaction)) {
        for (; !next.done && compareKeys(next.value.key, row.key) < 0; next = older.next()) {
          if (next.value.entry) yield next.value.entry;
        }
        const same = !next.done && next.value.key === row.key ? next.value : undefined;
        if (same) next = older.next();
        const entry = modRevisionOf(row.value) <= at ? decode(row.key, row.value) : same?.entry;
        if (entry) yield entry;
      }
      for (; !next.done; next = older.next()) if (next.value.entry) yield next.value.entry;
    } finally {
      // Closes its cursor, which would hold on to the transaction.
      older.return(undefined);
    }
  }

  const rangeNow = function* (start: string, end: string): Generator<Entry> {
    for (const row of current.scan(start, end, transaction)) yield decode(row.key, row.value)!;
  };

  const snapshot: Snapshot = {
    revision,
    get,
    getAt,
    async range({ limit = Infinity, countOnly, ...bounds }, at) {
      const start = encodableBound(bounds.start);
      const end = encodableBound(bounds.end);
      if (compareKeys(start, end) >= 0) return { entries: [], more: false, count: 0 };
      const now = at === revision;
      if (countOnly && now) return { entries: [], more: false, count: current.count(start, end, transaction) };
      const entries: Entry[] = [];
      let count = 0;
      for (const entry of now ? rangeNow(start, end) : rangeAt(start, end, at)) {
        count++;
        if (!countOnly && entries.length < limit) entries.push(entry);
        else if (now) {
          return { entries, more: true, count: current.count(start, end, transaction) };
        }
        if (count % TURN === 0) await pause();
      }
      return { entries, more: !countOnly && count > entries.length, count };
    },
    read(from, prefix) {
      const to = Math.min(from + PIECE, revision);
      const events: StoreEvent[] = [];
      for (const row of log.scan(from + 1, to + 1, transaction)) {
        for (const { type, key, previous } of decodeLogged(row.value).events) {
          if (!key.startsWith(prefix)) continue;
          const event: StoreEvent = { type, revision: row.key, key };
          const entry = type === "put" ? versionOf(key, row.key) : undefined;
          const before = previous > 0 ? versionOf(key, previous) : undefined;
          events.push({ ...event, ...(entry && { entry }), ...(before && { previous: before }) });
        }
      }
      return { events, revision: to };
    },
    timeOf(written) {
      const logged = log.get(written, transaction);
      if (!logged) throw new RangeError(`revision ${written} is not in the log`);
      return timeOfLogged(logged);
    },
    replaced(from, to) {
      const versions: { key: string; revision: number }[] = [];
      for (const row of log.scan(from + 1, to + 1, transaction)) {
        for (const { type, key, previous } of decodeLogged(row.value).events) {
          if (previous > 0) versions.push({ key, revision: previous });
          if (type === "delete") versions.push({ key, revision: row.key });
        }
      }
      return versions;
    },
    retain: () => void holders++,
    release() {
      if (--holders === 0) transaction.done();
    },
  };
  return snapshot;
}
