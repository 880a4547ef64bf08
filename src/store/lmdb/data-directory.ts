import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "#base";
import { DataDirUnusable } from "./errors.ts";

/** Holds everything. */
export const DATA_FILE = "data.mdb";
/** LMDB's table of readers and its mutexes; means nothing once no process has the directory open. */
const LOCK_FILE = "lock.mdb";
/** Room for about 1000 readers. */
const LOCK_BYTES = 64 * 1024;
/** What LMDB writes to a new file before its first transaction, and more. */
const FIRST_BYTES = 64 * 1024;

/** `MDB_MAGIC` and `MDB_DATA_VERSION` of mdb.c, near the beginning of the file. */
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const HEADER_BYTES = 64;

/**
 * Makes the directory if it is not there, for its owner alone. Returns its real path.
 *
 * @throws DataDirUnusable
 */
export function makeDataDirectory(dir: string): string {
  return usable(dir, () => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(dir);
  });
}

/**
 * Makes the files if they are not there, and sees to it that LMDB can open them: lmdb-js 3.5 crashes the process
 * when it cannot. Not to be called while this process has them open: closing a file gives up all of a process's
 * POSIX locks on it.
 *
 * @throws DataDirUnusable
 */
export function prepareFiles(dir: string): void {
  usable(dir, () => {
    withFile(join(dir, LOCK_FILE), (file, size) => {
      // With blocks behind it: LMDB maps it into memory, where a full disk would be fatal.
      if (size === 0) writeZeros(file, LOCK_BYTES);
    });
    const isNew = withFile(join(dir, DATA_FILE), checkDataFile);
    // A new file is safe only when the directory that names it is.
    if (isNew) for (const each of [dir, dirname(dir)]) syncDirectory(each);
  });
}

function syncDirectory(dir: string): void {
  // Windows has no such thing.
  if (process.platform === "win32") return;
  const directory = openSync(dir, constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function usable<T>(dir: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new DataDirUnusable(dir, messageOf(error), { cause: error });
  }
}

/** Bytes that the store takes on disk. */
export function dataFileSize(dir: string): number {
  return statSync(join(dir, DATA_FILE)).size;
}

/** Returns whether the file is new. */
function checkDataFile(file: number, size: number): boolean {
  if (size > 0) {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    // In the machine's own byte order, as LMDB writes it.
    const words = new Uint32Array(header.buffer, header.byteOffset, HEADER_BYTES / 4);
    const at = words.indexOf(MAGIC);
    if (at >= 0 && (words[at + 1]! & 0xffff) === DATA_VERSION) return false;
    // The machine stopped before anything of a new store was on disk.
    if (words.some((word) => word !== 0)) throw new Error(`${DATA_FILE} is not a store of ours`);
    ftruncateSync(file, 0);
  }
  writeZeros(file, FIRST_BYTES);
  ftruncateSync(file, 0);
  return true;
}

function writeZeros(file: number, bytes: number): void {
  const zeros = Buffer.alloc(bytes);
  for (let at = 0; at < bytes;) at += writeSync(file, zeros, at, bytes - at, at);
  fsyncSync(file);
}

function withFile<T>(path: string, use: (file: number, size: number) => T): T {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}
