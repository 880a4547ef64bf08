// What `npm test -- …` was asked for: pure.
import { matchesGlob } from "node:path";

export interface Options {
  /** Files, folders and globs; none: everything. */
  readonly selectors: readonly string[];
  /** Only what a change since this commit can break; empty: since the branch left origin/main. */
  readonly changed?: string;
  readonly namePatterns: readonly string[];
  readonly concurrency?: number;
  /** For one test, and for a file as a whole. */
  readonly timeoutMs: number;
  /** How many times a failed test is run again. */
  readonly retries: number;
  /** Puts the measured durations into the repository. */
  readonly recordDurations: boolean;
}

export const USAGE = `npm test [-- [options] [files, folders or globs]]
  --changed[=REF]            what the changes since REF (default: origin/main) can break, within two minutes
  --retries=N                how many times a failed test is run again, alone (default: 2)
  --test-name-pattern=REGEX  only tests of these names
  --test-concurrency=N       files at a time (default: as many as there are cores)
  --test-timeout=MS          for one test, and for a file as a whole (default: 900000)
  --record-durations         puts the measured durations into scripts/test/durations.json`;

/** A string says what is wrong. */
export function parseOptions(args: readonly string[]): Options | string {
  const selectors: string[] = [];
  const namePatterns: string[] = [];
  let changed: string | undefined;
  let concurrency: number | undefined;
  let retries = 2;
  let timeoutMs = 900_000;
  let recordDurations = false;
  for (const arg of args) {
    if (!arg.startsWith("-")) {
      selectors.push(arg);
      continue;
    }
    const [, name, , value] = /^--?([^=]*)(=([\s\S]*))?$/.exec(arg)!;
    const number = /^\d+$/.test(value ?? "") ? Number(value) : undefined;
    if (name === "changed") changed = value ?? "";
    else if (name === "record-durations" && value === undefined) recordDurations = true;
    else if (name === "test-name-pattern" && value) namePatterns.push(value);
    else if (name === "test-concurrency" && number) concurrency = number;
    else if (name === "test-timeout" && number) timeoutMs = number;
    else if (name === "retries" && number !== undefined) retries = number;
    else if (name === "help") return USAGE;
    else return `cannot read ${arg}\n${USAGE}`;
  }
  if (changed !== undefined && selectors.length > 0) return `--changed finds the files by itself\n${USAGE}`;
  return {
    selectors,
    namePatterns,
    retries,
    timeoutMs,
    recordDurations,
    ...(changed === undefined ? {} : { changed }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

/**
 * The test files that the selectors stand for, in the order of `all`, each once. A selector is a file (also one that
 * is not among `all`, where `isFile` knows it), a folder or a glob; a string says which one stands for nothing.
 */
export function select(
  all: readonly string[],
  selectors: readonly string[],
  isFile: (path: string) => boolean,
): string[] | string {
  if (selectors.length === 0) return [...all];
  const chosen = new Set<string>();
  for (const selector of selectors) {
    const path = selector.replace(/^\.\//, "").replace(/\/+$/, "");
    const found = all.filter((file) => file === path || file.startsWith(`${path}/`) || matchesGlob(file, path));
    if (found.length > 0) for (const file of found) chosen.add(file);
    else if (isFile(path)) chosen.add(path);
    else return `no test file matches ${selector}`;
  }
  const known = all.filter((file) => chosen.has(file));
  return [...known, ...[...chosen].filter((file) => !all.includes(file))];
}
