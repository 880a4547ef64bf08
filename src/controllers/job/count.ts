import { hasIndex, type JobSpec, type JobStatus, type Pod } from "#objects";
import { failureRuling } from "./failure-policy.ts";
import { completionIndex, hasFailed, hasPlace, isIndexed, isTracked } from "./pods.ts";
import { uidOf, type JobView, type Tally } from "./tally.ts";
import { isSuccess, type Verdict } from "./verdict.ts";

/** Pods that stand in the status and are not counted yet, at most: it would grow too large. */
export const MOST_UNCOUNTED = 500;

/** Pods that have ended, by uid, before they are counted. */
export interface Uncounted {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

export const uncountedOf = ({
  uncountedTerminatedPods: { succeeded = [], failed = [] } = {},
}: JobStatus): Uncounted => ({
  succeeded,
  failed,
});

/**
 * The status with those counted that have lost their finalizer. So each is counted once, whatever is interrupted: it
 * first stands in the status, then loses the finalizer, then is counted and stands there no more (upstream
 * cleanUncountedPodsWithoutFinalizers).
 */
export function countReleased(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const { succeeded, failed } = uncountedOf(status);
  const left = {
    succeeded: succeeded.filter((uid) => tracked.has(uid)),
    failed: failed.filter((uid) => tracked.has(uid)),
  };
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length,
    failed: (status.failed ?? 0) + failed.length - left.failed.length,
    uncountedTerminatedPods: left,
  };
}

export interface Ended {
  /** With what has ended since. */
  readonly uncounted: Uncounted;
  /** These may lose the finalizer once the status tells so. */
  readonly release: readonly Pod[];
}

/**
 * Which Pods have ended since the status was written. `before`: what it tells; `ending`: what becomes of the Job, if that
 * is known and no Pod of it is active any more. Source: upstream trackJobStatusAndRemoveFinalizers.
 */
export function newlyEnded(
  { job, pods }: JobView,
  tally: Tally,
  before: Uncounted,
  ending: Verdict | undefined,
): Ended {
  const { spec, metadata } = job;
  const [toldSucceeded, toldFailed] = [new Set(before.succeeded), new Set(before.failed)];
  const succeeded = [...before.succeeded];
  const failed = [...before.failed];
  const indexes = new Set<number>();
  const release: Pod[] = [];
  const isOver = metadata.deletionTimestamp !== undefined || ending !== undefined;
  for (const pod of inIndexOrder(pods.filter(isTracked), spec)) {
    if (!isOver && !mayGo(pod, spec, tally)) continue;
    release.push(pod);
    const uid = uidOf(pod);
    const index = completionIndex(pod);
    if (pod.status?.phase === "Succeeded" && !toldFailed.has(uid)) {
      if (!isIndexed(spec)) {
        if (!toldSucceeded.has(uid)) succeeded.push(uid);
      } else if (hasPlace(pod, spec) && !hasIndex(tally.toldIndexes, index!)) indexes.add(index!);
    } else if (endsAsFailed(pod, spec, ending) && !toldFailed.has(uid) && hasPlace(pod, spec)) {
      if (failureRuling(spec.podFailurePolicy, pod).isCounted) failed.push(uid);
    }
    if (indexes.size + succeeded.length + failed.length >= MOST_UNCOUNTED) break;
  }
  return { uncounted: { succeeded, failed }, release };
}

/** So that completed indexes grow in their order. */
function inIndexOrder(pods: readonly Pod[], spec: JobSpec): readonly Pod[] {
  if (!isIndexed(spec)) return pods;
  return pods.toSorted((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1));
}

/** Whether the Pod's end can be counted while the Job goes on (upstream canRemoveFinalizer). */
function mayGo(pod: Pod, spec: JobSpec, tally: Tally): boolean {
  if (pod.status?.phase === "Succeeded") return true;
  if (!hasFailed(pod, spec)) return false;
  const index = completionIndex(pod);
  return index === undefined || tally.kept.get(index) !== pod;
}

/** When a Job fails, every Pod that has not succeeded has failed. One that its success has ended has not. */
function endsAsFailed(pod: Pod, spec: JobSpec, ending: Verdict | undefined): boolean {
  if (ending && !isSuccess(ending)) return true;
  if (ending?.isTold && ending.condition.reason === "SuccessPolicy" && pod.metadata.deletionTimestamp !== undefined) {
    return false;
  }
  return hasFailed(pod, spec);
}
