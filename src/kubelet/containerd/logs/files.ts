import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const BLOCK = 64 << 10;
/** More than any record can be: runtimes cut lines at 16 KiB. */
const MAX_RECORD_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** The files of one run's log, oldest first: those that were rotated away (`0.log.20260101-000000`), then the current one. */
export async function logFiles(path: string): Promise<readonly string[]> {
  const name = basename(path);
  const names: readonly string[] = await readdir(dirname(path)).catch(() => []);
  const rotated = names.filter((other) => other.startsWith(`${name}.`) && /\.\d{8}-\d{6}$/.test(other)).toSorted();
  return [...rotated.map((other) => join(dirname(path), other)), ...(names.includes(name) ? [path] : [])];
}

/** Reads a log from a place in it, record by record. What is not yet ended by a newline stays unread. */
export class RecordReader {
  readonly #file: FileHandle;
  #at: number;
  #rest = Buffer.alloc(0);

  constructor(file: FileHandle, at: number) {
    this.#file = file;
    this.#at = at;
  }

  /** The records up to the end of the file as it is now: a container that writes faster than we read does not hold us up for ever. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const { size } = await this.#file.stat();
    while (this.#at < size) {
      const length = Math.min(BLOCK, size - this.#at);
      const block = Buffer.allocUnsafe(length);
      const { bytesRead } = await this.#file.read(block, 0, length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      let rest =
        this.#rest.length > 0
          ? Buffer.concat([this.#rest, block.subarray(0, bytesRead)])
          : block.subarray(0, bytesRead);
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        yield rest.subarray(0, end);
        rest = rest.subarray(end + 1);
      }
      this.#rest = rest.length > MAX_RECORD_BYTES ? Buffer.alloc(0) : rest;
    }
  }
}

/** Where in a file its last lines begin, and how many of them it has (at most `wanted`). */
export async function tailStart(
  path: string,
  wanted: number,
): Promise<{ readonly at: number; readonly lines: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const block = Buffer.allocUnsafe(BLOCK);
    let lines = 0;
    // What has no newline yet is no line: it may still be being written.
    let ended = false;
    // A line counts where it begins: after the newline of the record before, unless that says that it goes on.
    for (let end = size; end > 0;) {
      const from = Math.max(0, end - BLOCK);
      const { bytesRead } = await file.read(block, 0, end - from, from);
      const read = block.subarray(0, bytesRead);
      for (let at = read.lastIndexOf(NEWLINE); at >= 0; at = at === 0 ? -1 : read.lastIndexOf(NEWLINE, at - 1)) {
        const begin = from + at + 1;
        if (!ended) {
          ended = true;
          continue;
        }
        if (await continuesBefore(file, from + at)) continue;
        lines++;
        if (lines === wanted) return { at: begin, lines };
      }
      end = from;
    }
    return { at: 0, lines: ended ? Math.min(wanted, lines + 1) : 0 };
  } finally {
    await file.close();
  }
}

/** Whether the record that ends at this newline is only a piece of a line. */
async function continuesBefore(file: FileHandle, newline: number): Promise<boolean> {
  // Short records end in their text, and the tag is near their beginning: look at the record as a whole.
  const reach = Math.min(newline, 20 << 10);
  const block = Buffer.allocUnsafe(reach);
  const { bytesRead } = await file.read(block, 0, reach, newline - reach);
  const read = block.subarray(0, bytesRead);
  const record = read.subarray(read.lastIndexOf(NEWLINE) + 1);
  return / (?:stdout|stderr) P(?:[: ]|$)/.test(record.toString("latin1", 0, 64));
}

/** Which file is at the path now; undefined when none is. */
export async function fileIdentity(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.ino;
}
