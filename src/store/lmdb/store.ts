import { assert, type Clock, systemClock } from "#base";
import {
  checkCommit,
  checkCompaction,
  type Commit,
  type CommitResult,
  createWatchHub,
  DEFAULT_HISTORY,
  type Entry,
  type History,
  type RangeQuery,
  type RangeResult,
  type Read,
  refusedRead,
  type Store,
  type StoreEvent,
  StoreUnavailable,
  type TooOld,
  type WatchHandle,
} from "#store";
import { type Compactor, createCompactor } from "./compactor.ts";
import { dataFileSize } from "./data-directory.ts";
import { createGroupCommit, type PlannedCommit } from "./group-commit.ts";
import { createJobQueue, turn } from "./job-queue.ts";
import { createRecentEntries, type RecentEntries } from "./recent-entries.ts";
import { rowsOf, type RowWrite } from "./rows.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { type Failpoint, openSession, type Session, unavailable } from "./session.ts";

export interface LmdbStoreOptions {
  /** Made if it does not exist (mode 0700; its files are 0600). Belongs to one store at a time. */
  readonly dir: string;
  readonly clock?: Clock;
  /** Default: the last 5 minutes and 10,000 revisions. */
  readonly history?: History;
  /** Acknowledge without syncing: survives a crash of the process, not of the machine. For tests and throw-aways. */
  readonly noSync?: boolean;
  /** Called by name at each place where the medium may fail; what it throws counts as the failure. For tests. */
  readonly failpoint?: (at: Failpoint) => void;
}

/**
 * Opens the durable store. The cost does not depend on what it holds, nor on how it was closed.
 *
 * @throws DataDirInUse, DataDirUnusable
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { dir, noSync = false, failpoint = () => {} } = options;
  const recent = createRecentEntries();
  const known = (key: string, modRevision: number): Entry | undefined => {
    const entry = recent.get(key);
    return entry?.modRevision === modRevision ? entry : undefined;
  };
  const open = () => openSession({ dir, noSync, failpoint, known });
  return new LmdbStore(options, recent, await open(), open);
}

class LmdbStore implements Store {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #jobs = createJobQueue();
  readonly #recent: RecentEntries;
  readonly #sessions: SessionKeeper;
  readonly #hub = createWatchHub(this, (from, prefix) => this.#readHistory(from, prefix));
  readonly #group = createGroupCommit({
    revision: () => this.#revision,
    jobs: this.#jobs,
    lookup: (key) => this.#lookup(key),
    write: (commits) => this.#write(commits),
    publish: (commits) => this.#show(commits),
  });
  readonly #compactor: Compactor;
  /** The revision that was announced to all watchers. */
  #revision: number;
  #compacted: number;
  /** When the newest revision was written, by a clock that never goes back. */
  #time: number;
  #closing: Promise<void> | undefined;

  constructor(options: LmdbStoreOptions, recent: RecentEntries, first: Session, open: () => Promise<Session>) {
    this.#dir = options.dir;
    this.#clock = options.clock ?? systemClock;
    this.#recent = recent;
    this.#sessions = new SessionKeeper(first, open, (session) => this.#reopened(session));
    this.#revision = first.snapshot.revision;
    this.#compacted = first.compacted;
    this.#time = this.#revision > first.removed ? first.snapshot.timeOf(this.#revision) : 0;
    this.#compactor = createCompactor({
      history: options.history ?? DEFAULT_HISTORY,
      jobs: this.#jobs,
      session: () => this.#sessions.opened(),
      write: (rows) => this.#writeCompaction(rows),
      isClosing: () => this.#closing !== undefined,
    });
    this.#compactor.resume(first);
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  async get(key: string, at?: number): Promise<Read<Entry | undefined>> {
    this.#checkOpen();
    const { snapshot } = this.#sessions.current ?? (await this.#sessions.opened());
    if (at === undefined) {
      return { ok: true, value: this.#recent.get(key) ?? snapshot.get(key), revision: snapshot.revision };
    }
    return refusedRead(at, this) ?? { ok: true, value: snapshot.getAt(key, at), revision: at };
  }

  async range(query: RangeQuery): Promise<Read<RangeResult>> {
    this.#checkOpen();
    const { snapshot } = this.#sessions.current ?? (await this.#sessions.opened());
    const { at = snapshot.revision } = query;
    const refused = refusedRead(at, this);
    if (refused) return refused;
    snapshot.retain();
    try {
      return { ok: true, value: await snapshot.range(query, at), revision: at };
    } finally {
      snapshot.release();
    }
  }

  async commit(commit: Commit): Promise<CommitResult> {
    this.#checkOpen();
    checkCommit(commit);
    if (!this.#sessions.current) await this.#sessions.opened();
    return this.#group.commit(commit);
  }

  async watch(...[options, sink]: Parameters<Store["watch"]>): Promise<WatchHandle | TooOld> {
    this.#checkOpen();
    return this.#hub.watch(options, sink);
  }

  async compact(at: number): Promise<void> {
    this.#checkOpen();
    checkCompaction(at, this);
    if (at > this.#compacted) await this.#compactor.compact(at);
  }

  size(): number {
    return dataFileSize(this.#dir);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    await this.#jobs.idle();
    this.#hub.close();
    await this.#sessions.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error("the store is closed");
  }

  async #readHistory(from: number, prefix: string) {
    await turn();
    const { snapshot } = await this.#sessions.opened();
    return from < this.#compacted ? { events: [], revision: from } : snapshot.read(from, prefix);
  }

  /** What durably stands at a key. */
  #lookup(key: string): Entry | undefined {
    const session = this.#sessions.current;
    if (!session) throw new StoreUnavailable("the store cannot write: it is recovering from a failure");
    return this.#recent.get(key) ?? session.snapshot.get(key);
  }

  async #write(commits: readonly PlannedCommit[]): Promise<void> {
    const { revision: last } = commits.at(-1)!;
    this.#time = Math.max(this.#time, this.#clock.now());
    try {
      await this.#sessions.write(rowsOf(commits, this.#time));
    } catch (error) {
      // Maybe only the news of its success was lost.
      if (this.#revision < last) throw unavailable(error);
    }
  }

  async #writeCompaction(rows: readonly RowWrite[]): Promise<void> {
    await this.#sessions.write(rows);
    const session = this.#sessions.current;
    session?.refresh();
    this.#compacted = session?.compacted ?? this.#compacted;
  }

  /** Makes durable commits visible. */
  #show(commits: readonly PlannedCommit[]): void {
    const { revision: last } = commits.at(-1)!;
    if (this.#revision >= last) return;
    const session = this.#sessions.current;
    session?.refresh();
    const isNext = commits[0]!.revision === this.#revision + 1;
    assert(isNext && session?.snapshot.revision === last, "revisions have no gap");
    this.#publish(
      last,
      commits.flatMap(({ events }) => events),
    );
  }

  /** Also publishes commits of which we were told that they failed, but which the disk has. */
  #reopened({ compacted, snapshot }: Session): void {
    this.#compacted = compacted;
    while (this.#revision < snapshot.revision) {
      const batch = snapshot.read(this.#revision, "");
      this.#publish(batch.revision, batch.events);
    }
  }

  #publish(last: number, events: readonly StoreEvent[]): void {
    const first = this.#revision + 1;
    this.#revision = last;
    for (const event of events) this.#recent.apply(event);
    this.#hub.publish(first, last, events);
    const session = this.#sessions.current;
    if (session) this.#compactor.runIfDue(session, this.#clock.now());
  }
}
