import { type Commit, type CommitResult, type Entry, planCommit, type StoreEvent } from "#store";
import type { JobQueue } from "./job-queue.ts";

/** A commit that was found free of conflicts and got its revision, but is not durable yet. */
export interface PlannedCommit {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

interface Waiting extends PlannedCommit {
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Commits that become durable together. */
interface Group {
  readonly commits: Waiting[];
  bytes: number;
  /** Resolves to whether the group is durable, when that is known; never rejects. */
  readonly settled: Promise<boolean>;
  readonly settle: (durable: boolean) => void;
}

interface Pending {
  readonly entry: Entry | undefined;
  readonly group: Group;
}

export interface GroupCommitOptions {
  /** The newest durable revision. */
  readonly revision: () => number;
  /** What durably stands at a key. */
  readonly lookup: (key: string) => Entry | undefined;
  readonly jobs: JobQueue;
  /** Makes commits durable, all or none; rejects with the reason why not. */
  readonly write: (commits: readonly PlannedCommit[]) => Promise<void>;
  /** Makes durable commits visible. Called before any of them resolves. */
  readonly publish: (commits: readonly PlannedCommit[]) => void;
}

/** A group takes no more commits, nor values of more bytes, than this: a transaction stays short. */
const MAX_COMMITS = 512;
const MAX_BYTES = 4 * 2 ** 20;

/**
 * Decides commits at once and in order, against what is durable and what is about to be, and makes them durable in
 * groups: one group is being written while the next one fills.
 *
 * Nothing of a commit is visible before it is durable; so one that conflicts with a pending write waits to see
 * what becomes of that, and is decided again if it failed. When a group fails, everything decided after it fails with it: it was numbered, and maybe
 * decided, as if that group had been written.
 */
export function createGroupCommit(options: GroupCommitOptions): { commit(commit: Commit): Promise<CommitResult> } {
  const { lookup, jobs, write, publish } = options;
  /** What will stand at keys with pending writes. */
  const overlay = new Map<string, Pending>();
  /** Groups not yet settled, in order; the last one may still take commits. */
  let groups: Group[] = [];
  /** The revision given out last, while there are groups. */
  let tip = 0;
  let filling: Group | undefined;

  const lookupTip = (key: string): Entry | undefined => {
    const pending = overlay.get(key);
    return pending ? pending.entry : lookup(key);
  };

  const groupFor = (bytes: number): Group => {
    if (filling && filling.commits.length < MAX_COMMITS && filling.bytes + bytes <= MAX_BYTES) return filling;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const group: Group = { commits: [], bytes: 0, settled: promise, settle: resolve };
    groups.push(group);
    filling = group;
    jobs.add(() => flush(group));
    return group;
  };

  const flush = async (group: Group): Promise<void> => {
    if (group === filling) filling = undefined;
    // Failed with the one before it.
    if (!groups.includes(group)) return;
    try {
      await write(group.commits);
    } catch (error) {
      const failed = groups;
      groups = [];
      filling = undefined;
      overlay.clear();
      for (const each of failed) {
        each.settle(false);
        for (const commit of each.commits) commit.reject(error);
      }
      return;
    }
    groups.shift();
    for (const { events } of group.commits) {
      for (const { key } of events) if (overlay.get(key)?.group === group) overlay.delete(key);
    }
    publish(group.commits);
    group.settle(true);
    for (const { resolve, revision } of group.commits) resolve({ ok: true, revision });
  };

  const add = (events: readonly StoreEvent[]): Promise<CommitResult> => {
    const group = groupFor(events.reduce((sum, { entry }) => sum + (entry?.value.length ?? 0), 0));
    for (const { key, entry } of events) {
      group.bytes += entry?.value.length ?? 0;
      overlay.set(key, { entry, group });
    }
    const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
    group.commits.push({ revision: ++tip, events, resolve, reject });
    return promise;
  };

  return {
    async commit(commit) {
      for (;;) {
        if (groups.length === 0) tip = options.revision();
        const plan = planCommit(commit, tip + 1, lookupTip);
        if (plan.ok) return add(plan.events);
        const pending = overlay.get(plan.key);
        if (!pending || (await pending.group.settled)) return plan;
      }
    },
  };
}
