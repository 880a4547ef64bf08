import { type FileHandle, open } from "node:fs/promises";

const MEGABYTE = 2 ** 20;
const ZEROS = Buffer.alloc(MEGABYTE);

/**
 * Makes sure that the disk has room for a transaction before LMDB starts it: LMDB (through lmdb-js 3.5) does not
 * survive a write that finds the disk full, since it formats the failure into too small a buffer. So the file is
 * lengthened with zeros ahead of use, and a full disk (or quota, or file size limit) shows up here, where it is an
 * ordinary error. What LMDB writes then has its blocks already, which makes syncing it cheaper, too.
 *
 * Holds on file systems that overwrite in place. Those that copy on write (btrfs, ZFS) promise nothing.
 */
export interface DiskSpace {
  /**
   * Rejects with the system's error when a transaction that adds up to `pages` pages may find no room. Not to be
   * called during one.
   */
  ensure(pages: number): Promise<void>;
  close(): Promise<void>;
}

export interface DiskSpaceOptions {
  /** The file, which must exist. */
  readonly path: string;
  readonly pageSize: number;
  /** How many pages are in use. */
  readonly usedPages: () => number;
}

/** Watches over LMDB's file. */
export async function createDiskSpace({ path, pageSize, usedPages }: DiskSpaceOptions): Promise<DiskSpace> {
  const file = await open(path, "r+");
  let { size } = await file.stat();
  /** Room that is being made while transactions go on in what there is. */
  let growing: Promise<void> | undefined;

  /** How far ahead of use: an eighth of the file, so that a small store stays small. */
  const ahead = () => Math.min(Math.max(size / 8, MEGABYTE), 16 * MEGABYTE);

  const growTo = async (bytes: number) => {
    // LMDB has lengthened the file itself if an estimate was too low.
    size = Math.max(size, (await file.stat()).size);
    const target = Math.ceil(bytes / pageSize) * pageSize;
    if (target <= size) return;
    try {
      await lengthen(file, size, target);
      size = target;
    } catch (error) {
      await file.truncate(size);
      throw error;
    }
  };

  const growAhead = (bytes: number) => {
    // The next write will find out.
    growing = growTo(bytes)
      .catch(() => {})
      .finally(() => (growing = undefined));
  };

  return {
    async ensure(pages) {
      const needed = (usedPages() + pages) * pageSize;
      if (needed > size) await growing;
      if (needed > size) await growTo(needed + ahead()).catch(() => growTo(needed));
      else if (needed + ahead() / 2 > size && !growing) growAhead(needed + ahead());
    },
    async close() {
      await growing;
      await file.close();
    },
  };
}

async function lengthen(file: FileHandle, from: number, to: number): Promise<void> {
  for (let at = from; at < to;) {
    const { bytesWritten } = await file.write(ZEROS, 0, Math.min(ZEROS.length, to - at), at);
    at += bytesWritten;
  }
  // A file system may put off finding the blocks until then.
  await file.datasync();
}
