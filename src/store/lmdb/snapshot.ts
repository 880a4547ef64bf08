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
import { PastVersions } from "./past-versions.ts";

/** At most this many revisions in one piece of history. */
const PIECE = 250;
/** Entries read in one turn of the event loop: about 3 ms' worth. */
const TURN = 1_000;

export interface SnapshotOptions {
  readonly tables: Tables;
  readonly transaction: Transaction;
  readonly revision: number;
  /** The entry as this process knows it already (with its attachment), if it is of this revision. */
  readonly known: (key: string, modRevision: number) => Entry | undefined;
  /** Lets the event loop go round. */
  readonly pause: () => Promise<void>;
}

/**
 * A consistent view of everything at one durable revision. It holds its transaction until it is released as often as it
 * was retained, and once more; a caller that uses it across an await retains it.
 */
export class Snapshot {
  readonly revision: number;
  readonly #tables: Tables;
  readonly #transaction: Transaction;
  readonly #past: PastVersions;
  readonly #known: SnapshotOptions["known"];
  readonly #pause: () => Promise<void>;
  #holders = 1;

  constructor({ tables, transaction, revision, known, pause }: SnapshotOptions) {
    this.revision = revision;
    this.#tables = tables;
    this.#transaction = transaction;
    this.#past = new PastVersions(tables.past, transaction);
    this.#known = known;
    this.#pause = pause;
  }

  get(key: string): Entry | undefined {
    // LMDB cannot even look for others.
    if (!isKey(key)) return undefined;
    const record = this.#tables.current.get(key, this.#transaction);
    return record && this.#decode(key, record);
  }

  /** What stood at a key at a revision up to this one that is not compacted. */
  getAt(key: string, at: number): Entry | undefined {
    if (!isKey(key)) return undefined;
    const entry = this.get(key);
    return entry && entry.modRevision <= at ? entry : this.#past.at(key, at);
  }

  async range({ limit = Infinity, countOnly, ...bounds }: RangeQuery, at: number): Promise<RangeResult> {
    const start = encodableBound(bounds.start);
    const end = encodableBound(bounds.end);
    if (compareKeys(start, end) >= 0) return { entries: [], more: false, count: 0 };
    const now = at === this.revision;
    if (countOnly && now) return { entries: [], more: false, count: this.#count(start, end) };
    const entries: Entry[] = [];
    let count = 0;
    for (const entry of now ? this.#rangeNow(start, end) : this.#rangeAt(start, end, at)) {
      count++;
      if (!countOnly && entries.length < limit) entries.push(entry);
      else if (now) return { entries, more: true, count: this.#count(start, end) };
      if (count % TURN === 0) await this.#pause();
    }
    return { entries, more: !countOnly && count > entries.length, count };
  }

  /** One piece of the events after `from`. */
  read(from: number, prefix: string): EventBatch {
    const to = Math.min(from + PIECE, this.revision);
    const events: StoreEvent[] = [];
    for (const row of this.#tables.log.scan(from + 1, to + 1, this.#transaction)) {
      for (const { type, key, previous } of decodeLogged(row.value).events) {
        if (!key.startsWith(prefix)) continue;
        const event: StoreEvent = { type, revision: row.key, key };
        const entry = type === "put" ? this.#writtenBy(row.key, key) : undefined;
        const before = previous > 0 ? this.#writtenBy(previous, key) : undefined;
        events.push({ ...event, ...(entry && { entry }), ...(before && { previous: before }) });
      }
    }
    return { events, revision: to };
  }

  timeOf(revision: number): number {
    const logged = this.#tables.log.get(revision, this.#transaction);
    if (!logged) throw new RangeError(`revision ${revision} is not in the log`);
    return timeOfLogged(logged);
  }

  /** Keys and versions in `past` that a reader at `to` cannot see; they were replaced after `from`, up to `to`. */
  replaced(from: number, to: number): { readonly key: string; readonly revision: number }[] {
    const versions: { key: string; revision: number }[] = [];
    for (const row of this.#tables.log.scan(from + 1, to + 1, this.#transaction)) {
      for (const { type, key, previous } of decodeLogged(row.value).events) {
        if (previous > 0) versions.push({ key, revision: previous });
        if (type === "delete") versions.push({ key, revision: row.key });
      }
    }
    return versions;
  }

  retain(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders === 0) this.#transaction.done();
  }

  #decode(key: string, record: Uint8Array): Entry | undefined {
    return this.#known(key, modRevisionOf(record)) ?? decodeRecord(key, record);
  }

  #writtenBy(revision: number, key: string): Entry | undefined {
    const entry = this.get(key);
    return entry?.modRevision === revision ? entry : this.#past.writtenBy(revision, key);
  }

  #count(start: string, end: string): number {
    return this.#tables.current.count(start, end, this.#transaction);
  }

  *#rangeNow(start: string, end: string): Generator<Entry, void> {
    for (const row of this.#tables.current.scan(start, end, this.#transaction)) yield this.#decode(row.key, row.value)!;
  }

  /** Everything in the range at `at`: `current` and `past` merged by key. */
  *#rangeAt(start: string, end: string, at: number): Generator<Entry, void> {
    const older = this.#past.range(start, end, at);
    try {
      let next = older.next();
      for (const row of this.#tables.current.scan(start, end, this.#transaction)) {
        for (; !next.done && compareKeys(next.value.key, row.key) < 0; next = older.next()) {
          if (next.value.entry) yield next.value.entry;
        }
        const same = !next.done && next.value.key === row.key ? next.value : undefined;
        if (same) next = older.next();
        const entry = modRevisionOf(row.value) <= at ? this.#decode(row.key, row.value) : same?.entry;
        if (entry) yield entry;
      }
      for (; !next.done; next = older.next()) if (next.value.entry) yield next.value.entry;
    } finally {
      // Closes its cursor, which would hold on to the transaction.
      older.return(undefined);
    }
  }
}
