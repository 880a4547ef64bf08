import { mergeIndexRanges, firstMissingIndexes, type JobSpec, type Pod } from "#objects";
import { inDeletionOrder } from "../framework/index.ts";
import { backoffMs, type Backoff } from "./backoff.ts";
import { completionIndex, finishedAt, isIndexed, replacesOnlyFailed, indexFailures } from "./pods.ts";
import { indexesOf, type JobView, type Tally } from "./tally.ts";

/** Pods that are made or deleted in one sync at most. */
const MOST_AT_ONCE = 500;

/** A Pod to be made. */
export interface NewJobPod {
  /** Undefined: the Job is not Indexed. */
  readonly index: number | undefined;
  /** The failed Pod of its index, whose failures it takes over. */
  readonly replaces: Pod | undefined;
}

/** How the number of active Pods is to change. */
export interface Sizing {
  /** These are too many, and their end does not count. */
  readonly remove: readonly Pod[];
  readonly create: readonly NewJobPod[];
  /** When more may be made, in milliseconds since the epoch: failures delay what follows them. */
  readonly waitUntil: number | undefined;
  readonly because: string;
}

/** How many Pods are to be made, or which are to go. Source: upstream manageJob. */
export function sizingOf(view: JobView, tally: Tally, backoff: Backoff, now: number): Sizing {
  const { spec } = view.job;
  const { active } = tally;
  const nothing = { remove: [], create: [], waitUntil: undefined };
  if (spec.suspend) return { ...nothing, remove: active, because: "it is suspended" };
  const wanted = wantedActive(spec, tally);
  const because = `${active.length} of ${wanted} Pods are active`;
  const surplus = surplusPods(spec, active, Math.max(0, active.length - wanted), now);
  if (surplus.length > 0) return { ...nothing, remove: surplus.slice(0, MOST_AT_ONCE), because };
  const terminating = replacesOnlyFailed(spec) ? tally.terminating.length : 0;
  const missing = Math.min(wanted - active.length - terminating, MOST_AT_ONCE);
  if (missing <= 0) return { ...nothing, because };
  if (tally.failedIndexes) return { remove: [], because, ...newPodsByIndex(spec, tally, missing, now) };
  const wait = backoffMs(backoff, now);
  if (wait > 0) return { ...nothing, waitUntil: now + wait, because: `${because}; failures delay the next` };
  const create = isIndexed(spec)
    ? openIndexes(spec, tally, missing).map((index) => ({ index, replaces: undefined }))
    : Array.from({ length: missing }, () => ({ index: undefined, replaces: undefined }));
  return { ...nothing, create, because };
}

/** How many Pods should be active. */
function wantedActive({ completions, parallelism = 1 }: JobSpec, { active, succeeded }: Tally): number {
  // Without a number of completions the first success ends the Job, and what runs runs to its end.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** Each index waits for itself (upstream getPodCreationInfoForIndependentIndexes). */
function newPodsByIndex(
  spec: JobSpec,
  tally: Tally,
  missing: number,
  now: number,
): Pick<Sizing, "create" | "waitUntil"> {
  const create: NewJobPod[] = [];
  let next = Infinity;
  for (const index of openIndexes(spec, tally, missing)) {
    const replaces = tally.kept.get(index);
    const wait = replaces ? backoffMs(indexBackoff(replaces), now) : 0;
    if (wait > 0) next = Math.min(next, now + wait);
    else create.push({ index, replaces });
  }
  return { create, waitUntil: next === Infinity ? undefined : next };
}

function indexBackoff(pod: Pod): Backoff {
  const { counted, ignored } = indexFailures(pod);
  return { failures: counted + ignored + 1, lastFailureAt: finishedAt(pod) };
}

/** The lowest indexes that no Pod does or has done (upstream firstPendingIndexes). */
function openIndexes(spec: JobSpec, tally: Tally, count: number): readonly number[] {
  const taken = [
    indexesOf(tally.active),
    replacesOnlyFailed(spec) ? indexesOf(tally.terminating) : [],
    tally.failedIndexes ?? [],
  ].reduce(mergeIndexRanges, tally.succeededIndexes);
  return firstMissingIndexes(taken, count, spec.completions ?? 0);
}

/**
 * At least so many of the active Pods: of an Indexed Job first those without a place of their own, then those that are
 * the least far (upstream activePodsForRemoval).
 */
function surplusPods(spec: JobSpec, active: readonly Pod[], least: number, now: number): readonly Pod[] {
  const misplaced = isIndexed(spec) ? misplacedPods(spec, active, now) : [];
  if (misplaced.length >= least) return misplaced;
  const gone = new Set(misplaced);
  const rest = inDeletionOrder(
    active.filter((pod) => !gone.has(pod)),
    active,
    now,
  );
  return [...misplaced, ...rest.slice(0, least - misplaced.length)];
}

/** Pods without an index below `completions`, and all but one of each index. */
function misplacedPods({ completions = 0 }: JobSpec, active: readonly Pod[], now: number): readonly Pod[] {
  const byIndex = Map.groupBy(active, completionIndex);
  return [...byIndex].flatMap(([index, pods]) => {
    if (index === undefined || index >= completions) return pods;
    return pods.length === 1 ? [] : inDeletionOrder(pods, pods, now).slice(0, -1);
  });
}
