import { compactionTarget, createCompactionTrigger, type History } from "#store";
import { encodeNumber } from "./codec.ts";
import type { JobQueue } from "./job-queue.ts";
import type { RowWrite } from "./rows.ts";
import { type Session, unavailable } from "./session.ts";

/** Revisions whose history goes in one transaction. */
const STEP = 200;

export interface CompactorOptions {
  readonly history: History;
  readonly jobs: JobQueue;
  readonly session: () => Promise<Session>;
  readonly write: (rows: readonly RowWrite[]) => Promise<void>;
  readonly isClosing: () => boolean;
}

/** Removes history, a step at a time between the commits. */
export interface Compactor {
  /** Resolves once nothing below `at` can be read any more and the room is free. */
  compact(at: number): Promise<void>;
  /** Compacts by the limits of the history, when it is time to look; cheap otherwise. */
  runIfDue(session: Session, now: number): void;
  /** Goes on with what a crash or a close cut short. */
  resume(session: Session): void;
}

/** Makes a compactor that works in `jobs`. */
export function createCompactor({ history, jobs, session, write, isClosing }: CompactorOptions): Compactor {
  const due = createCompactionTrigger();
  let busy = false;

  const step = async (target: number): Promise<boolean> => {
    const { snapshot, removed, compacted } = await session();
    if (compacted >= target && removed >= target) return true;
    const to = Math.min(removed + STEP, target);
    // The refusal is durable no later than the first removal, so no reader ever misses something.
    const rows: RowWrite[] = [{ table: "meta", key: "compacted", value: encodeNumber(Math.max(compacted, target)) }];
    for (const key of snapshot.replaced(removed, to)) rows.push({ table: "past", key, value: undefined });
    for (let key = removed + 1; key <= to; key++) rows.push({ table: "log", key, value: undefined });
    await write(rows);
    return to >= target;
  };

  const compact = (target: number): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const run = async () => {
      try {
        // The rest is taken up again at the next opening.
        if ((await step(target)) || isClosing()) resolve();
        else jobs.add(run);
      } catch (error) {
        reject(unavailable(error));
      }
    };
    jobs.add(run);
    return promise;
  };

  const inBackground = (target: number) => {
    busy = true;
    // If the disk refuses there will be another time.
    const done = () => void (busy = false);
    compact(target).then(done, done);
  };

  return {
    compact,
    runIfDue({ snapshot, compacted }, now) {
      if (busy || !due(snapshot.revision, now)) return;
      const { revision } = snapshot;
      const timeOf = (each: number) => snapshot.timeOf(each);
      const target = compactionTarget(history, { revision, compacted, now, timeOf });
      if (target !== undefined) inBackground(target);
    },
    resume({ removed, compacted }) {
      if (removed < compacted) inBackground(compacted);
    },
  };
}
