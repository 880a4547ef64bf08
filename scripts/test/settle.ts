// Runs failures again until each has passed or has failed too often.
import { count, type FileRun } from "./results.ts";
import { attemptOf, MOST_RERUN, nextStep, targetsOf, withRerun, type Attempt, type Target } from "./retry.ts";

export interface Failure {
  readonly target: Target;
  readonly first: FileRun;
  readonly attempts: readonly Attempt[];
}

export interface Settled {
  /** What passed when it was run again. */
  readonly flaky: readonly Failure[];
  readonly failed: readonly Failure[];
  /** As the first runs, with what passed later in its place. */
  readonly runs: readonly FileRun[];
}

/** `again` runs one target alone; `tell` says what is done, a line at a time. */
export async function settle(
  firstRuns: readonly FileRun[],
  limit: number,
  again: (target: Target, attempt: number) => Promise<FileRun>,
  tell: (line: string) => void,
): Promise<Settled> {
  const runs = new Map(firstRuns.map((run) => [run.file, run]));
  const targets = firstRuns.flatMap((first) => targetsOf(first).map((target) => ({ target, first })));
  const flaky: Failure[] = [];
  const failed: Failure[] = [];
  const unlucky = targets.length <= MOST_RERUN;
  if (!unlucky && limit > 0) tell(`${targets.length} failures: too many for bad luck, so none is run again`);

  for (const { target, first } of targets) {
    const attempts: Attempt[] = [];
    let narrowed = target;
    for (let next = nextStep(attempts, unlucky ? limit : 0); ; next = nextStep(attempts, limit)) {
      if (next === "failed" || next === "flaky") {
        (next === "flaky" ? flaky : failed).push({ target, first, attempts });
        break;
      }
      if (next === "rerun-file") narrowed = { file: target.file };
      const rerun = await again(narrowed, attempts.length + 1);
      const attempt = attemptOf(narrowed, rerun);
      attempts.push(attempt);
      if (attempt === "passed") runs.set(target.file, withRerun(runs.get(target.file)!, narrowed, rerun));
    }
  }
  return { flaky, failed, runs: [...runs.values()] };
}

/** Whether anything failed: what decides is what was counted, not what was meant to be run again. */
export const anyFailed = ({ failed, runs }: Settled): boolean => {
  const counts = count(runs);
  return failed.length > 0 || counts.failed + counts.cancelled > 0;
};
