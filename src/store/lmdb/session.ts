import { join } from "node:path";
import { type Entry, StoreUnavailable } from "#store";
import { decodeNumber } from "./codec.ts";
import { DATA_FILE } from "./data-directory.ts";
import { createDiskSpace, type DiskSpace } from "./disk-space.ts";
import { type Environment, openEnvironment } from "./environment.ts";
import { turn } from "./job-queue.ts";
import { applyRow, pagesFor, type RowWrite } from "./rows.ts";
import { Snapshot } from "./snapshot.ts";

/** Places where a test can make the medium fail, by throwing. */
export type Failpoint = "before-write" | "after-write" | "open";

export interface SessionOptions {
  readonly dir: string;
  readonly noSync: boolean;
  readonly failpoint: (at: Failpoint) => void;
  readonly known: (key: string, modRevision: number) => Entry | undefined;
}

/** The store without any commit stands at this revision. */
const FIRST_REVISION = 1;

/** What belongs to one opening of the files. */
export interface Session {
  /** All that is durable. */
  readonly snapshot: Snapshot;
  /** Reads and watches below are refused. */
  readonly compacted: number;
  /** History up to here has been removed; from here to `compacted` it is still to be. */
  readonly removed: number;
  /**
   * Makes rows durable, all or none. When it rejects, the session is over unless {@link Session.usable} says
   * otherwise, and only the disk knows whether the rows stand.
   */
  write(rows: readonly RowWrite[]): Promise<void>;
  /** Makes {@link Session.snapshot} and its companions show what has been written. */
  refresh(): void;
  readonly usable: boolean;
  close(): Promise<void>;
}

/**
 * Opens the files and finds out where the store stands. The cost does not depend on what it holds.
 *
 * @throws DataDirInUse, DataDirUnusable
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { dir, noSync, failpoint, known } = options;
  failpoint("open");
  const env = openEnvironment(dir, { noSync });
  let space: DiskSpace;
  try {
    space = await createDiskSpace({ path: join(dir, DATA_FILE), pageSize: env.pageSize, usedPages: env.usedPages });
  } catch (error) {
    await env.close();
    throw error;
  }
  let state = readState(env, known);
  let usable = true;

  return {
    get snapshot() {
      return state.snapshot;
    },
    get compacted() {
      return state.compacted;
    },
    get removed() {
      return state.removed;
    },
    get usable() {
      return usable;
    },
    async write(rows) {
      // A full disk is found here, with nothing started.
      await space.ensure(pagesFor(rows, env.pageSize));
      try {
        failpoint("before-write");
        await env.write(() => {
          for (const row of rows) applyRow(env.tables, row);
        });
        failpoint("after-write");
      } catch (error) {
        // LMDB may be unable to start another transaction, and would not come back from trying.
        usable = false;
        throw error;
      }
    },
    refresh() {
      const old = state.snapshot;
      state = readState(env, known);
      old.release();
    },
    async close() {
      state.snapshot.release();
      await space.close();
      await env.close();
    },
  };
}

interface State {
  readonly snapshot: Snapshot;
  readonly compacted: number;
  readonly removed: number;
}

function readState(env: Environment, known: SessionOptions["known"]): State {
  const { tables } = env;
  const transaction = env.snapshot();
  const stored = tables.meta.get("compacted", transaction);
  const compacted = stored ? decodeNumber(stored) : 0;
  const revision = tables.log.lastKey(transaction) ?? Math.max(compacted, FIRST_REVISION);
  const [oldest = revision + 1] = tables.log.keys(0, revision + 1, transaction);
  const snapshot = new Snapshot({ tables, transaction, revision, known, pause: turn });
  return { snapshot, compacted, removed: oldest - 1 };
}

/** What a commit is told when the medium refuses. */
export function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  return new StoreUnavailable(`the store cannot write: ${(error as Error).message}`, { cause: error });
}
