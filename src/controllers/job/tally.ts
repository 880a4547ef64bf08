import {
  countIndexesIn,
  hasIndex,
  indexRangesOf,
  isPodActive,
  isPodReady,
  isPodTerminating,
  mergeIndexRanges,
  parseIndexRanges,
  type IndexRanges,
  type Job,
  type JobSpec,
  type Pod,
} from "#objects";
import type { Backoff } from "./backoff.ts";
import { failureRuling } from "./failure-policy.ts";
import { completionIndex, finishedAt, hasFailed, hasPlace, indexFailures, isIndexed, isTracked } from "./pods.ts";

/** What the plans of a Job look at. */
export interface JobView {
  readonly job: Job & { readonly spec: JobSpec };
  /** All Pods that it owns, whatever has become of them. */
  readonly pods: readonly Pod[];
  /** By what was counted before; undefined: the controller has not counted for this Job since it started. */
  readonly backoff: Backoff | undefined;
}

/** Which Pods count for what. */
export interface Tally {
  /** Neither at their end nor being deleted. */
  readonly active: readonly Pod[];
  readonly ready: number;
  /** Being deleted, and not at their end yet. */
  readonly terminating: readonly Pod[];
  /** Of what the status does not tell yet. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** With what the status does not tell yet; indexes, where the Job is Indexed. */
  readonly succeeded: number;
  /** The same, without what the policy ignores. */
  readonly failed: number;
  /** By the status alone. */
  readonly toldIndexes: IndexRanges;
  readonly succeededIndexes: IndexRanges;
  /** Indexes that have failed for good; undefined without `backoffLimitPerIndex`. */
  readonly failedIndexes: IndexRanges | undefined;
  /**
   * By index: the failed Pod that stays until another is there for its index, which takes over how often the index has
   * failed. None without `backoffLimitPerIndex`.
   */
  readonly kept: ReadonlyMap<number, Pod>;
}

/** Counts. Source: upstream syncJob, getNewFinishedPods, calculateSucceededIndexes, calculateFailedIndexes. */
export function tallyOf({ job: { spec, status = {} }, pods }: JobView): Tally {
  const { uncountedTerminatedPods: uncounted = {} } = status;
  const [toldSucceeded, toldFailed] = [new Set(uncounted.succeeded), new Set(uncounted.failed)];
  const active = pods.filter(isPodActive);
  const open = pods.filter((pod) => isTracked(pod) && hasPlace(pod, spec));
  const newlySucceeded = open.filter((pod) => pod.status?.phase === "Succeeded" && !toldSucceeded.has(uidOf(pod)));
  const newlyFailed = open.filter((pod) => hasFailed(pod, spec) && !toldFailed.has(uidOf(pod)));
  const counted = newlyFailed.filter((pod) => failureRuling(spec.podFailurePolicy, pod).isCounted);
  const completions = spec.completions ?? 0;
  const toldIndexes = isIndexed(spec) ? parseIndexRanges(status.completedIndexes, completions) : [];
  const succeededIndexes = isIndexed(spec)
    ? mergeIndexRanges(toldIndexes, indexesOf(open.filter((pod) => pod.status?.phase === "Succeeded")))
    : [];
  const failedIndexes =
    isIndexed(spec) && spec.backoffLimitPerIndex !== undefined
      ? mergeIndexRanges(
          parseIndexRanges(status.failedIndexes, completions),
          indexesOf(open.filter((pod) => hasFailedIndex(pod, spec))),
        )
      : undefined;
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating),
    newlySucceeded,
    newlyFailed,
    succeeded: isIndexed(spec)
      ? countIndexesIn(succeededIndexes)
      : (status.succeeded ?? 0) + newlySucceeded.length + toldSucceeded.size,
    failed: (status.failed ?? 0) + counted.length + toldFailed.size,
    toldIndexes,
    succeededIndexes,
    failedIndexes,
    kept: failedIndexes ? keptPods(open, spec, active, mergeIndexRanges(succeededIndexes, failedIndexes)) : new Map(),
  };
}

export const uidOf = ({ metadata }: Pod): string => metadata.uid ?? "";

/** The indexes of Pods, where they have one. */
export const indexesOf = (pods: readonly Pod[]): IndexRanges =>
  indexRangesOf(pods.map(completionIndex).filter((index) => index !== undefined));

/** Whether the Pod's failure is its index's last one. */
function hasFailedIndex(pod: Pod, spec: JobSpec): boolean {
  if (!hasFailed(pod, spec)) return false;
  const { action, isCounted } = failureRuling(spec.podFailurePolicy, pod);
  if (action === "FailIndex") return true;
  return isCounted && indexFailures(pod).counted >= (spec.backoffLimitPerIndex ?? 0);
}

/** Source: upstream getPodsWithDelayedDeletionPerIndex. */
function keptPods(
  open: readonly Pod[],
  spec: JobSpec,
  active: readonly Pod[],
  ended: IndexRanges,
): ReadonlyMap<number, Pod> {
  const settled = mergeIndexRanges(ended, indexesOf(active));
  const kept = new Map<number, Pod>();
  for (const pod of open) {
    const index = completionIndex(pod);
    if (index === undefined || !hasFailed(pod, spec) || hasIndex(settled, index)) continue;
    const other = kept.get(index);
    if (!other || isLater(pod, other)) kept.set(index, pod);
  }
  return kept;
}

const failuresOf = (pod: Pod) => {
  const { counted, ignored } = indexFailures(pod);
  return counted + ignored;
};

const isLater = (pod: Pod, other: Pod) => failuresOf(pod) >= failuresOf(other) && finishedAt(pod) >= finishedAt(other);
