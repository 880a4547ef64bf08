import type { JobSpec } from "#objects";

const MANY_COMPLETIONS = 100_000;
const MANY_AT_ONCE = 10_000;

/** Source: upstream pkg/api/job WarningsForJobSpec. */
export function manyIndexesWarnings(spec: JobSpec | undefined, path: string): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  return completionMode === "Indexed" && completions > MANY_COMPLETIONS && parallelism > MANY_AT_ONCE
    ? [
        `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      ]
    : [];
}
