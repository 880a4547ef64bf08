import { open, type RootDatabase, type Transaction } from "lmdb";
import { decodeNumber, encodeNumber, FORMAT, revisionKey, textKey, versionKey, type VersionKey } from "./codec.ts";
import { makeDataDirectory, prepareFiles } from "./data-directory.ts";
import { DataDirInUse, DataDirUnusable } from "./errors.ts";
import { createTable, type KeyCodec, type Table } from "./table.ts";

export interface Tables {
  readonly current: Table<string>;
  readonly past: Table<VersionKey>;
  readonly log: Table<number>;
  readonly meta: Table<string>;
}

/** An open LMDB environment that no other process has open. */
export interface Environment {
  readonly tables: Tables;
  readonly pageSize: number;
  /** The number of pages that LMDB has ever used. */
  usedPages(): number;
  /**
   * A read transaction on what is on disk now. The caller calls `done()`, but takes the next one first: what
   * keeps others out of the directory is that there is always one.
   */
  snapshot(): Transaction;
  /** Runs `fill`, which puts and removes rows, as one transaction. Resolves once it is on disk. */
  write(fill: () => void): Promise<void>;
  close(): Promise<void>;
}

/**
 * Address space for the file; LMDB maps it at once and costs nothing until used. Beyond it lmdb-js maps anew,
 * which works but keeps the old mapping.
 */
const MAP_SIZE = 8 * 2 ** 30;

/** Directories that a store of this process has open: POSIX locks do not keep a process from itself. */
const openHere = new Set<string>();

/**
 * Opens or makes the environment in a directory.
 *
 * A commit is durable when its promise resolves: without `overlappingSync`, `mdb_txn_commit` writes the pages,
 * `fdatasync`s them and writes the meta page through an `O_DSYNC` descriptor before it returns (LMDB `mdb.c`), and
 * lmdb-js resolves after that. It happens on a thread of libuv's pool.
 *
 * @throws DataDirInUse, DataDirUnusable
 */
export function openEnvironment(dir: string, options: { readonly noSync: boolean }): Environment {
  const real = makeDataDirectory(dir);
  if (openHere.has(real)) throw new DataDirInUse(dir, process.pid);
  prepareFiles(dir);
  let root: RootDatabase;
  try {
    root = open({
      path: real,
      noSubdir: false,
      maxDbs: 8,
      maxReaders: 512,
      mapSize: MAP_SIZE,
      overlappingSync: false,
      noSync: options.noSync,
      encoding: "binary",
      keyEncoding: "binary",
      // We group writes ourselves, and start a transaction only when it is complete.
      eventTurnBatching: false,
      batchStartThreshold: Number.MAX_SAFE_INTEGER,
      permissionsMode: 0o600,
    } as Parameters<typeof open>[0]);
  } catch (error) {
    throw new DataDirUnusable(dir, (error as Error).message, { cause: error });
  }
  openHere.add(real);
  const close = async () => {
    try {
      await root.close();
    } finally {
      openHere.delete(real);
    }
  };
  try {
    return claim(dir, root, close);
  } catch (error) {
    void close();
    throw error;
  }
}

/**
 * Makes sure that we are alone, and opens the tables.
 *
 * LMDB keeps a table of readers, with a file lock per process that the kernel drops when the process dies. The
 * owner of a directory always has a reader. We look, take one, and look again: of two who start together none or
 * one goes on, never both.
 */
function claim(dir: string, root: RootDatabase, close: () => Promise<void>): Environment {
  root.readerCheck();
  const [other] = readers(root);
  if (other !== undefined) throw new DataDirInUse(dir, other);
  let standing: Transaction | undefined = beginRead(root);
  const late = readers(root);
  if (late.length !== 1)
    throw new DataDirInUse(
      dir,
      late.find((pid) => pid !== process.pid),
    );

  const table = <K>(name: string, keyEncoder: KeyCodec<K>): Table<K> =>
    createTable<K>(root.openDB({ name, encoding: "binary", keyEncoder } as { name: string }));
  const tables: Tables = {
    current: table("current", textKey),
    past: table("past", versionKey),
    log: table("log", revisionKey),
    meta: table("meta", textKey),
  };
  // Opening a table ends the transactions from before it.
  const opened = beginRead(root);
  standing.done();
  standing = opened;
  const format = tables.meta.get("format", opened);
  if (format && decodeNumber(format) !== FORMAT) {
    throw new DataDirUnusable(dir, `it has format ${decodeNumber(format)}, this version reads ${FORMAT}`);
  }
  const stats = root.getStats() as { readonly root: { readonly pageSize: number } };

  return {
    tables,
    pageSize: stats.root.pageSize,
    usedPages: () => (root.getStats() as { readonly lastPageNumber: number }).lastPageNumber + 1,
    snapshot() {
      const transaction = beginRead(root);
      standing?.done();
      standing = undefined;
      return transaction;
    },
    async write(fill) {
      const withFormat = () => {
        if (!format) tables.meta.put("format", encodeNumber(FORMAT));
        fill();
      };
      try {
        await root.batch(withFormat);
      } catch (error) {
        throw await causeOf(error);
      }
    },
    async close() {
      standing?.done();
      await close();
    },
  };
}

function beginRead(root: RootDatabase): Transaction {
  root.resetReadTxn();
  return root.useReadTransaction();
}

/** The process ids in LMDB's table of readers. */
function readers(root: RootDatabase): number[] {
  return root
    .readerList()
    .split("\n")
    .flatMap((line) => {
      const found = /^\s*(\d+)\s/.exec(line);
      return found ? [Number(found[1])] : [];
    });
}

/** lmdb-js says why only in a promise that it hangs on the error. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { readonly commitError?: Promise<unknown> };
  try {
    await commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
