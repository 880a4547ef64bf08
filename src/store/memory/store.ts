import { type Clock, systemClock } from "#base";
import {
  checkCommit,
  checkCompaction,
  type Commit,
  type CommitResult,
  compactionTarget,
  createCompactionTrigger,
  createWatchHub,
  DEFAULT_HISTORY,
  type Entry,
  type History,
  planCommit,
  type RangeQuery,
  type RangeResult,
  type Read,
  refusedRead,
  type Store,
  type TooOld,
  type WatchHandle,
} from "#store";
import { createEventLog } from "./event-log.ts";
import { Keyspace } from "./keyspace.ts";

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** Default: the last 5 minutes and 10,000 revisions. */
  readonly history?: History;
  /** Bytes of values that history may have: beyond that its oldest goes, however young. Default 64 MiB. */
  readonly historyBytes?: number;
}

/** A store that forgets everything when the process ends. Commits take effect in the call. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

const FIRST_REVISION = 1;
const HISTORY_BYTES = 64 * 2 ** 20;

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #history: History;
  readonly #historyBytes: number;
  readonly #keys = new Keyspace();
  readonly #log = createEventLog(FIRST_REVISION);
  readonly #dueForCompaction = createCompactionTrigger();
  readonly #hub = createWatchHub(this, async (from, prefix) => this.#log.read(from, prefix));
  readonly #lookup = (key: string): Entry | undefined => this.#keys.get(key);
  #revision = FIRST_REVISION;
  #compacted = 0;
  /** When the newest revision was written, by a clock that never goes back. */
  #time = 0;
  #closed = false;

  constructor({ clock = systemClock, history = DEFAULT_HISTORY, historyBytes = HISTORY_BYTES }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#history = history;
    this.#historyBytes = history === "all" ? Infinity : historyBytes;
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  async get(key: string, at?: number): Promise<Read<Entry | undefined>> {
    this.#checkOpen();
    if (at === undefined) return { ok: true, value: this.#keys.get(key), revision: this.#revision };
    return refusedRead(at, this) ?? { ok: true, value: this.#keys.getAt(key, at), revision: at };
  }

  async range(query: RangeQuery): Promise<Read<RangeResult>> {
    this.#checkOpen();
    const { at = this.#revision } = query;
    const refused = refusedRead(at, this);
    if (refused) return refused;
    const value = at < this.#revision ? this.#keys.rangeAt(query, at) : this.#keys.range(query);
    return { ok: true, value, revision: at };
  }

  async commit(commit: Commit): Promise<CommitResult> {
    this.#checkOpen();
    checkCommit(commit);
    const revision = this.#revision + 1;
    const plan = planCommit(commit, revision, this.#lookup);
    if (!plan.ok) return plan;
    this.#revision = revision;
    this.#time = Math.max(this.#time, this.#clock.now());
    this.#log.append(this.#time, plan.events);
    for (const { key, entry } of plan.events) this.#keys.set(key, entry, revision);
    this.#hub.publish(revision, revision, plan.events);
    this.#compactIfDue();
    if (this.#keys.historyBytes > this.#historyBytes) this.#compactToFit();
    return { ok: true, revision };
  }

  async watch(...[options, sink]: Parameters<Store["watch"]>): Promise<WatchHandle | TooOld> {
    this.#checkOpen();
    return this.#hub.watch(options, sink);
  }

  async compact(at: number): Promise<void> {
    this.#checkOpen();
    checkCompaction(at, this);
    this.#compactTo(at);
  }

  size(): number {
    return 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.close();
  }

  #compactIfDue(): void {
    const now = this.#clock.now();
    if (!this.#dueForCompaction(this.#revision, now)) return;
    const { revision, compacted } = this;
    const target = compactionTarget(this.#history, { revision, compacted, now, timeOf: this.#log.timeOf });
    if (target !== undefined) this.#compactTo(target);
  }

  /** Makes room for a while: history is what this engine has no disk for. */
  #compactToFit(): void {
    const enough = (this.#historyBytes * 3) / 4;
    while (this.#keys.historyBytes > enough && this.#compacted < this.#revision) {
      const base = Math.max(this.#compacted, FIRST_REVISION);
      this.#compactTo(base + Math.max(1, (this.#revision - base) >> 3));
    }
  }

  #compactTo(at: number): void {
    if (at <= this.#compacted) return;
    for (let next = Math.max(this.#compacted, FIRST_REVISION) + 1; next <= at; next++) {
      for (const { key } of this.#log.eventsOf(next)) this.#keys.compact(key, at);
    }
    this.#log.dropTo(at);
    this.#compacted = at;
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }
}
