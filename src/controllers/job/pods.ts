import { isPodTerminal, parseTime, podCondition, type ContainerStatus, type JobSpec, type Pod } from "#objects";

/** Keeps a Pod of a Job until its end is in the Job's status. */
export const TRACKING = "batch.kubernetes.io/job-tracking";
/** Annotation and label: which index of an Indexed Job the Pod does. */
export const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";
/** Annotation: how often the index had failed before this Pod. */
export const INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count";
/** Annotation: failures of the index that the policy did not count. */
export const INDEX_IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count";

const MAX_INT32 = 2 ** 31 - 1;

/** Whether the Pod's end is still to be counted. */
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false;

export const isIndexed = (spec: JobSpec): boolean => spec.completionMode === "Indexed";

/** Whether a Pod is replaced only when it has come to its end, and not as soon as it is being deleted. */
export const replacesOnlyFailed = (spec: JobSpec): boolean =>
  spec.podReplacementPolicy === "Failed" || spec.podFailurePolicy !== undefined;

/** The Pod's index; undefined if it has none that is a number. */
export function completionIndex({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX];
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index < 0 ? undefined : index;
}

/** Whether the Pod can count for the Job: an Indexed one takes indexes below `completions` only. */
export function hasPlace(pod: Pod, spec: JobSpec): boolean {
  if (!isIndexed(spec)) return true;
  const index = completionIndex(pod);
  return index !== undefined && index < (spec.completions ?? 0);
}

/**
 * Whether the Pod counts as failed. One that is being deleted does where it is replaced at once: it may never reach its
 * end (upstream isPodFailed).
 */
export function hasFailed(pod: Pod, spec: JobSpec): boolean {
  if (pod.status?.phase === "Failed") return true;
  return !replacesOnlyFailed(spec) && pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod);
}

const countIn = (text: string | undefined): number => {
  if (text === undefined || !/^\+?\d+$/.test(text)) return 0;
  const count = Number(text);
  return count > MAX_INT32 ? 0 : count;
};

/** Failures of the Pod's index before it, by what its annotations say. */
export function indexFailures({ metadata }: Pod): { readonly counted: number; readonly ignored: number } {
  return {
    counted: countIn(metadata.annotations?.[INDEX_FAILURES]),
    ignored: countIn(metadata.annotations?.[INDEX_IGNORED_FAILURES]),
  };
}

/**
 * When the Pod came to its end, in milliseconds since the epoch: by its containers, else by its Ready condition, else by
 * its deletion, else by its creation (upstream getFinishedTime).
 */
export function finishedAt(pod: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  const byContainers = lastEnd(pod);
  if (byContainers !== undefined) return byContainers;
  const ready = podCondition(pod, "Ready");
  const notReady = ready?.status === "False" ? timeOf(ready.lastTransitionTime) : undefined;
  if (notReady !== undefined) return notReady;
  const deleted = timeOf(deletionTimestamp);
  if (deleted !== undefined) return deleted - Number(deletionGracePeriodSeconds) * 1000;
  return timeOf(creationTimestamp) ?? 0;
}

/** When the last container ended, side-cars included; undefined while one has not. */
function lastEnd({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  const statuses: readonly ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  let last: number | undefined;
  for (const { state } of statuses) {
    const end = timeOf(state?.terminated?.finishedAt);
    if (end === undefined) return undefined;
    last = Math.max(last ?? end, end);
  }
  return last;
}

const timeOf = (text: string | undefined) => (text === undefined ? undefined : parseTime(text));
