import type { Random, VirtualClock } from "#base";
import {
  StoreUnavailable,
  type Commit,
  type CommitResult,
  type Entry,
  type EventBatch,
  type RangeQuery,
  type RangeResult,
  type Read,
  type Store,
  type StoreEvent,
  type TooNew,
  type TooOld,
  type WatchHandle,
} from "#store";

export interface TimedStoreOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** The longest that a commit takes until it is acknowledged, in virtual milliseconds. */
  readonly commitMs: number;
}

type Sink = (batch: EventBatch) => void | "stop";

/** What a watcher is yet to be told, and how far it has been told. */
interface Watcher {
  readonly sink: Sink;
  readonly held: StoreEvent[];
  cursor: number;
  open: boolean;
}

/**
 * Makes what takes real time in a store, on other threads, an event of virtual time: a commit is acknowledged, and
 * becomes visible to readers and watchers, when a timer of its own falls due, and time stands still then until the store
 * below has really done it. So runs are the same for the same seed, however fast the disk is.
 */
export class TimedStore implements Store {
  readonly #below: Store;
  readonly #options: TimedStoreOptions;
  /** The newest revision that was acknowledged. What the store below has beyond it is on the disk, and no client knows. */
  #visible: number;
  #lastDue = 0;
  #dead = false;
  readonly #watchers = new Set<Watcher>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(below: Store, options: TimedStoreOptions) {
    this.#below = below;
    this.#options = options;
    this.#visible = below.revision;
  }

  get revision(): number {
    return this.#visible;
  }

  get compacted(): number {
    return this.#below.compacted;
  }

  async get(key: string, at = this.#visible): Promise<Read<Entry | undefined>> {
    this.#checkAlive();
    return this.#tooNew(at) ?? this.#after(0, this.#below.get(key, at));
  }

  async range(query: RangeQuery): Promise<Read<RangeResult>> {
    this.#checkAlive();
    const { at = this.#visible } = query;
    return this.#tooNew(at) ?? this.#after(0, this.#below.range({ ...query, at }));
  }

  async commit(commit: Commit): Promise<CommitResult> {
    this.#checkAlive();
    const { clock, random, commitMs } = this.#options;
    // In the order in which they came: a revision is not acknowledged before those below it.
    this.#lastDue = Math.max(this.#lastDue, clock.monotonic() + 1 + random.int(commitMs));
    return this.#after(this.#lastDue - clock.monotonic(), this.#below.commit(commit), (result) => {
      if (result.ok) this.#show(result.revision);
    });
  }

  async watch(options: { readonly from: number; readonly prefix: string }, sink: Sink): Promise<WatchHandle | TooOld> {
    this.#checkAlive();
    const watcher: Watcher = { sink, held: [], cursor: options.from, open: true };
    const opening = this.#below.watch(options, ({ events }) => {
      if (!watcher.open || this.#dead) return "stop";
      watcher.held.push(...events);
      return undefined;
    });
    const handle = await this.#after(0, opening, ({ ok }) => {
      if (!ok) return;
      this.#watchers.add(watcher);
      this.#tell(watcher);
    });
    if (!handle.ok) return handle;
    const close = () => {
      this.#close(watcher);
      handle.close();
    };
    return { ok: true, close };
  }

  compact(at: number): Promise<void> {
    return this.#after(0, this.#below.compact(at));
  }

  size(): number {
    return this.#below.size();
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  /**
   * Its process dies: what was not acknowledged never is, and watchers are told nothing more. Resolves once the store
   * below has nothing under way.
   */
  async die(): Promise<void> {
    this.#dead = true;
    this.#watchers.clear();
    await Promise.all(this.#underWay);
  }

  /** The outcome of `work`, `ms` of virtual time from now; `done` is called with it just before. */
  #after<T>(ms: number, work: Promise<T>, done: (value: T) => void = () => {}): Promise<T> {
    const { clock } = this.#options;
    const ended = () => void this.#underWay.delete(settled);
    const settled: Promise<void> = work.then(ended, ended);
    this.#underWay.add(settled);
    return new Promise<T>((resolve, reject) => {
      clock.setTimeout(() => {
        if (this.#dead) {
          reject(died());
          return;
        }
        clock.standStill(settled);
        work.then((value) => {
          done(value);
          resolve(value);
        }, reject);
      }, ms);
    });
  }

  #show(revision: number): void {
    if (revision <= this.#visible) return;
    this.#visible = revision;
    for (const watcher of [...this.#watchers]) this.#tell(watcher);
  }

  #tell(watcher: Watcher): void {
    if (!watcher.open || watcher.cursor >= this.#visible) return;
    const count = watcher.held.findIndex(({ revision }) => revision > this.#visible);
    const events = watcher.held.splice(0, count < 0 ? watcher.held.length : count);
    watcher.cursor = this.#visible;
    if (watcher.sink({ events, revision: this.#visible }) === "stop") this.#close(watcher);
  }

  #close(watcher: Watcher): void {
    watcher.open = false;
    this.#watchers.delete(watcher);
  }

  #tooNew(at: number): TooNew | undefined {
    return at > this.#visible ? { ok: false, reason: "too-new", revision: this.#visible } : undefined;
  }

  #checkAlive(): void {
    if (this.#dead) throw died();
  }
}

const died = () => new StoreUnavailable("the process of the store is dead");
