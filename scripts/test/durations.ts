// How long each test file took when it was last run, beside others where it ran so: the longest start first, and the
// short lane keeps to its time.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FileRun } from "./results.ts";
import { isExclusive } from "./schedule.ts";

/** Seconds by path from the root. */
export type Durations = ReadonlyMap<string, number>;

/** In the repository, for a fresh copy: files of at least a second. */
const SEED = "scripts/test/durations.json";
/** What this machine measured. */
const MEASURED = ".cache/test-durations.json";
const SEED_FROM_SECONDS = 1;

export function readDurations(root: string): Durations {
  return new Map([...entries(join(root, SEED)), ...entries(join(root, MEASURED))]);
}

const entries = (path: string): [string, number][] =>
  existsSync(path) ? Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, number>) : [];

/** Keeps what was measured for the next run; `alsoSeed` puts it into the repository. */
export function writeDurations(root: string, measured: Durations, alsoSeed: boolean): void {
  write(join(root, MEASURED), new Map([...entries(join(root, MEASURED)), ...measured]));
  if (!alsoSeed) return;
  const seed = [...entries(join(root, SEED)), ...measured];
  const there = new Map(seed.filter(([file]) => existsSync(join(root, file))));
  write(join(root, SEED), new Map([...there].filter(([, seconds]) => seconds >= SEED_FROM_SECONDS)));
}

function write(path: string, durations: Durations): void {
  mkdirSync(dirname(path), { recursive: true });
  const sorted = [...durations].sort(([a], [b]) => (a < b ? -1 : 1));
  const rounded = sorted.map(([file, seconds]) => [file, Math.round(seconds * 10) / 10]);
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`);
}

/** Files of the repository that ran to their end. */
export function measuredBy(runs: readonly FileRun[], nameOf: (file: string) => string): Durations {
  const ended = runs.filter(({ trouble, file }) => trouble === undefined && !nameOf(file).startsWith(".."));
  return new Map(ended.map(({ file, seconds }) => [nameOf(file), seconds]));
}

/** What a file is expected to take: as measured, or by where it stands. */
export function expectedSeconds(file: string, durations: Durations): number {
  return durations.get(file) ?? (isExclusive(file) ? 60 : file.startsWith("test/") ? 15 : 1);
}

/** Exclusive files before all others: one after the other, they are what the whole run waits for. */
export function slowestFirst(files: readonly string[], durations: Durations): string[] {
  const seconds = (file: string) => expectedSeconds(file, durations);
  return [...files].sort(
    (a, b) => Number(isExclusive(b)) - Number(isExclusive(a)) || seconds(b) - seconds(a) || (a < b ? -1 : 1),
  );
}
