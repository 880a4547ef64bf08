import { assert, type Clock, systemClock } from "#base";
import {
  checkCommit,
  createWatchHub,
  DEFAULT_HISTORY,
  type Entry,
  type EventBatch,
  type History,
  type RangeResult,
  type Read,
  type Store,
  type StoreEvent,
  StoreUnavailable,
  type TooNew,
  type TooOld,
} from "#store";
import { createCompactor } from "./compactor.ts";
import { dataFileSize } from "./data-directory.ts";
import { createGroupCommit, type PlannedCommit } from "./group-commit.ts";
import { createJobQueue, turn } from "./job-queue.ts";
import { createRecentEntries } from "./recent-entries.ts";
import { rowsOf } from "./rows.ts";
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
  const { dir, clock = systemClock, history = DEFAULT_HISTORY, noSync = false, failpoint = () => {} } = options;
  const jobs = createJobQueue();
  const recent = createRecentEntries();
  const known = (key: string, modRevision: number): Entry | undefined => {
    const entry = recent.get(key);
    return entry?.modRevision === modRevision ? entry : undefined;
  };
  const open = () => openSession({ dir, noSync, failpoint, known });

  let session: Session | undefined = await open();
  /** One that failed and is yet to be closed. */
  let broken: Session | undefined;
  let reopening: Promise<Session> | undefined;
  let closing: Promise<void> | undefined;
  /** The revision that was announced to all watchers. */
  let { revision } = session.snapshot;
  let { compacted } = session;
  let time = revision > session.removed ? session.snapshot.timeOf(revision) : 0;

  const reopen = async (): Promise<Session> => {
    const old = broken;
    broken = undefined;
    await old?.close();
    return open();
  };

  /** The open session. After a failure it is opened anew, which may fail again. */
  const openedSession = async (): Promise<Session> => {
    if (session) return session;
    reopening ??= reopen().finally(() => (reopening = undefined));
    let opened: Session;
    try {
      opened = await reopening;
    } catch (error) {
      throw unavailable(error);
    }
    if (session !== opened) {
      session = opened;
      ({ compacted } = opened);
      announceMissed(opened);
    }
    return opened;
  };

  /** Makes rows durable, but not visible; after a failure that LMDB may not survive, opens it anew. */
  const write: Session["write"] = async (rows) => {
    const current = await openedSession();
    try {
      await current.write(rows);
    } catch (error) {
      if (!current.usable) {
        broken = current;
        session = undefined;
        await openedSession();
      }
      throw error;
    }
  };

  const hub = createWatchHub({
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    async read(from, prefix): Promise<EventBatch> {
      await turn();
      const { snapshot } = await openedSession();
      return from < compacted ? { events: [], revision: from } : snapshot.read(from, prefix);
    },
  });

  const publish = (last: number, events: readonly StoreEvent[]) => {
    const first = revision + 1;
    revision = last;
    for (const event of events) recent.apply(event);
    hub.publish(first, last, events);
    if (session) compactor.runIfDue(session, clock.now());
  };

  /** Publishes commits of which we were told that they failed, but which the disk has. */
  const announceMissed = ({ snapshot }: Session) => {
    while (revision < snapshot.revision) {
      const batch = snapshot.read(revision, "");
      publish(batch.revision, batch.events);
    }
  };

  const group = createGroupCommit({
    revision: () => revision,
    jobs,
    lookup(key) {
      if (!session) throw new StoreUnavailable("the store cannot write: it is recovering from a failure");
      return recent.get(key) ?? session.snapshot.get(key);
    },
    async write(commits) {
      const { revision: last } = commits.at(-1)!;
      time = Math.max(time, clock.now());
      try {
        await write(rowsOf(commits, time));
      } catch (error) {
        // Maybe only the news of its success was lost.
        if (revision < last) throw unavailable(error);
      }
    },
    publish(commits: readonly PlannedCommit[]) {
      const { revision: last } = commits.at(-1)!;
      if (revision >= last) return;
      session?.refresh();
      assert(commits[0]!.revision === revision + 1 && session?.snapshot.revision === last, "revisions have no gap");
      publish(
        last,
        commits.flatMap(({ events }) => events),
      );
    },
  });

  const compactor = createCompactor({
    history,
    jobs,
    session: openedSession,
    async write(rows) {
      await write(rows);
      session?.refresh();
      compacted = session?.compacted ?? compacted;
    },
    isClosing: () => closing !== undefined,
  });
  compactor.resume(session);

  const checkOpen = () => {
    if (closing) throw new Error("the store is closed");
  };

  const refusal = (at: number): TooOld | TooNew | undefined => {
    if (at > revision) return { ok: false, reason: "too-new", revision };
    if (at < compacted) return { ok: false, reason: "too-old", compacted };
    return undefined;
  };

  const shutDown = async () => {
    await jobs.idle();
    hub.close();
    await reopening?.catch(() => {});
    await broken?.close();
    await session?.close();
    session = undefined;
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
      const { snapshot } = session ?? (await openedSession());
      if (at === undefined) {
        return { ok: true, value: recent.get(key) ?? snapshot.get(key), revision: snapshot.revision };
      }
      return refusal(at) ?? { ok: true, value: snapshot.getAt(key, at), revision: at };
    },
    async range(query): Promise<Read<RangeResult>> {
      checkOpen();
      const { snapshot } = session ?? (await openedSession());
      const { at = snapshot.revision } = query;
      const refused = refusal(at);
      if (refused) return refused;
      snapshot.retain();
      try {
        return { ok: true, value: await snapshot.range(query, at), revision: at };
      } finally {
        snapshot.release();
      }
    },
    async commit(commit) {
      checkOpen();
      checkCommit(commit);
      if (!session) await openedSession();
      return group.commit(commit);
    },
    async watch(watchOptions, sink) {
      checkOpen();
      return hub.watch(watchOptions, sink);
    },
    async compact(at) {
      checkOpen();
      if (at > revision)
        throw new RangeError(`cannot compact at ${at}, which is after the newest revision ${revision}`);
      if (at > compacted) await compactor.compact(at);
    },
    size: () => dataFileSize(dir),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
