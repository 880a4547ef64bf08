// What is run again after a failure, and what the outcome means: pure.
import { isFailure, type FileRun, type TestResult } from "./results.ts";

/** How many tests of a run may pass only when they are run again. */
export const MOST_FLAKY = 5;
/** Beyond it a run is broken, not unlucky: nothing is run again. */
export const MOST_RERUN = 20;

/** What can be run alone: a test by its names, or a whole file when no name says what failed. */
export interface Target {
  readonly file: string;
  readonly path?: readonly string[];
}

/** What of a file has to be run again; each target once. */
export function targetsOf({ file, results, trouble }: FileRun): Target[] {
  const failures = results.filter((result) => isFailure(result) && !followsFromOthers(result));
  // A hook of a suite or of the file, or a crash: no name would run just that again.
  if (trouble !== undefined || failures.some((result) => result.runnable === undefined)) return [{ file }];
  const paths = new Map(failures.map(({ runnable }) => [JSON.stringify(runnable), runnable!]));
  return [...paths.values()].map((path) => ({ file, path }));
}

const followsFromOthers = ({ kind, failureType }: TestResult) => kind === "suite" && failureType === "subtestsFailed";

/** Matches what node:test compares with: the names from the outermost to its own, joined by spaces. */
export const patternOf = (path: readonly string[]): RegExp =>
  new RegExp(
    `^${path
      .join(" ")
      .trim()
      .replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`,
  );

/** `missing`: the run had no test of these names. */
export type Attempt = "passed" | "failed" | "missing";

export function attemptOf({ path }: Target, run: FileRun): Attempt {
  if (targetsOf(run).length > 0) return "failed";
  if (path && !run.results.some((result) => isWithin(result, path))) return "missing";
  return "passed";
}

export type Next = "rerun" | "rerun-file" | "flaky" | "failed";

/** What to do with a failure after the given further attempts, of which there may be at most `limit`. */
export function nextStep(attempts: readonly Attempt[], limit: number): Next {
  const last = attempts.at(-1);
  if (last === "passed") return "flaky";
  if (attempts.length >= limit) return "failed";
  return last === "missing" ? "rerun-file" : "rerun";
}

/** The first run, with what the target came to when it passed alone: the count then says each test once. */
export function withRerun(first: FileRun, target: Target, rerun: FileRun): FileRun {
  const { path } = target;
  if (!path) return { ...rerun, seconds: first.seconds, output: first.output };
  const kept = first.results.filter((result) => !isWithin(result, path));
  const results = [...kept, ...rerun.results.filter((result) => isWithin(result, path))];
  return { ...first, results: results.map((result) => settled(result, results)) };
}

/** A suite that failed only because of tests in it that have passed since did not fail. */
function settled(result: TestResult, all: readonly TestResult[]): TestResult {
  if (!isFailure(result) || !followsFromOthers(result)) return result;
  const { path } = result;
  const inside = all.filter((other) => other !== result && other.path.length > path.length && isWithin(other, path));
  return inside.some((other) => isFailure(other) && !followsFromOthers(other))
    ? result
    : { ...result, outcome: "passed" };
}

export const isWithin = (result: TestResult, path: readonly string[]): boolean =>
  path.every((name, index) => result.path[index] === name);

/** Why the run as a whole is red; undefined when it is green. */
export function verdict(failed: number, flaky: number): string | undefined {
  if (failed > 0) return `${failed} failed`;
  return flaky > MOST_FLAKY ? `${flaky} passed only when they were run again; ${MOST_FLAKY} may` : undefined;
}
