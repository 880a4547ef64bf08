import { watch, type FSWatcher } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock, Timer } from "#base";
import type { LogLine, LogOptions } from "#kubelet";
import { fileIdentity, logFiles, RecordReader, tailStart } from "./files.ts";
import { LineJoiner, parseRecord } from "./parse.ts";

export interface LogSource {
  /** Of the current file. */
  readonly path: string;
  /** Resolves when nothing more is written; absent: nothing is written any more. */
  readonly ended?: Promise<unknown>;
}

/** Should the system not tell that a file has grown, it is looked at this much later. */
const LOOK_MS = 1000;

/** What a container has written, from the first file that matters on; with `follow` what it writes until it ends. */
export async function* readLog(
  { path, ended }: LogSource,
  { follow, tailLines, since = 0, signal }: LogOptions,
  clock: Clock,
): AsyncGenerator<LogLine, void, undefined> {
  const start = await startOf(path, tailLines);
  const joiner = new LineJoiner();
  const linesOf = async function* (reader: RecordReader) {
    for await (const line of reader.read()) {
      if (signal.aborted) return;
      const record = parseRecord(line);
      const whole = record && joiner.take(record);
      if (whole && whole.time >= since) yield whole;
    }
  };

  const changes = follow && ended ? watchChanges(path, clock, signal) : undefined;
  let current: FileHandle | undefined;
  let reader: RecordReader | undefined;
  let identity: number | undefined;
  const begin = async (file: string, at: number) => {
    await current?.close();
    current = await open(file);
    identity = (await current.stat()).ino;
    reader = new RecordReader(current, at);
  };
  try {
    for (const [i, file] of start.files.entries()) {
      const isLast = i === start.files.length - 1;
      // Nothing in a file can be later than its last change.
      if (!isLast && (await stat(file)).mtimeMs < since) continue;
      await begin(file, i === 0 ? start.at : 0);
      if (!isLast) yield* linesOf(reader!);
    }
    let over = !follow || !ended;
    void ended?.then(() => {
      over = true;
      changes?.wake();
    });
    for (;;) {
      // Looked at before reading: what was written before the end is read after it.
      const last = over;
      if (reader) yield* linesOf(reader);
      // What is written from now on was not there when it was asked for.
      const now = follow ? await fileIdentity(path) : undefined;
      if (now !== undefined && now !== identity) {
        // Rotated: what came into the old file meanwhile comes first.
        if (reader) yield* linesOf(reader);
        await begin(path, 0);
      } else if (signal.aborted) return;
      else if (last) {
        yield* joiner.rest().filter(({ time }) => time >= since);
        return;
      } else await changes?.next();
    }
  } finally {
    changes?.stop();
    await current?.close();
  }
}

/** The files that have the wanted lines, and where in the first of them they begin. */
async function startOf(
  path: string,
  tailLines: number | undefined,
): Promise<{ readonly files: readonly string[]; readonly at: number }> {
  const files = await logFiles(path);
  if (tailLines === undefined) return { files, at: 0 };
  if (tailLines === 0) {
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    return { files: files.slice(-1), at: size };
  }
  let wanted = tailLines;
  for (let i = files.length - 1; i >= 0; i--) {
    const { at, lines } = await tailStart(files[i]!, wanted);
    if (lines >= wanted) return { files: files.slice(i), at };
    wanted -= lines;
  }
  return { files, at: 0 };
}

interface FileWatch {
  /** Resolves when the file may have changed since the last call, or the reader has aborted. */
  next(): Promise<void>;
  wake(): void;
  stop(): void;
}

function watchChanges(path: string, clock: Clock, signal: AbortSignal): FileWatch {
  let changed = false;
  let waiting: (() => void) | undefined;
  let timer: Timer | undefined;
  let watcher: FSWatcher | undefined;
  const wake = () => {
    changed = true;
    waiting?.();
  };
  try {
    watcher = watch(dirname(path), { persistent: false }, wake);
    watcher.on("error", () => {});
  } catch {
    // The folder is gone, or there are too many watchers: the timer is enough.
  }
  signal.addEventListener("abort", wake, { once: true });
  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
          timer = clock.setTimeout(resolve, LOOK_MS);
        });
        timer?.cancel();
        waiting = undefined;
      }
      changed = false;
    },
    wake,
    stop() {
      timer?.cancel();
      watcher?.close();
      signal.removeEventListener("abort", wake);
    },
  };
}
