import type { Pod } from "#objects";
import { finishedAt } from "./pods.ts";

/** How a Job has fared of late: what delays its next Pods. */
export interface Backoff {
  /** Failures since the last success. */
  readonly failures: number;
  /** When the last of them was, in milliseconds since the epoch. */
  readonly lastFailureAt: number;
}

export const NO_BACKOFF: Backoff = { failures: 0, lastFailureAt: 0 };

const FIRST_MS = 10_000;
const MOST_MS = 600_000;

/** With Pods that have succeeded and failed since (upstream newBackoffRecord). */
export function backoffAfter(before: Backoff, succeeded: readonly Pod[], failed: readonly Pod[]): Backoff {
  if (succeeded.length === 0 && failed.length === 0) return before;
  const lastSuccessAt = Math.max(...succeeded.map(finishedAt));
  const ends = failed.map(finishedAt).filter((end) => end > lastSuccessAt);
  const failures = (succeeded.length === 0 ? before.failures : 0) + ends.length;
  return failures === 0 ? NO_BACKOFF : { failures, lastFailureAt: Math.max(...ends) };
}

/**
 * Milliseconds until Pods may be made again: 10 s after the first failure, twice as long after each further one, 10 min
 * at most (upstream getRemainingTimeForFailuresCount).
 */
export function backoffMs({ failures, lastFailureAt }: Backoff, now: number): number {
  if (failures === 0) return 0;
  const delay = failures > 10 ? MOST_MS : Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS);
  return Math.max(0, lastFailureAt + delay - now);
}
