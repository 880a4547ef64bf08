import { findCondition, formatTime, type Job, type JobCondition } from "#objects";

/** A condition that begins now, in milliseconds since the epoch. */
export function condition(
  type: string,
  status: "True" | "False",
  reason: string,
  message: string,
  now: number,
): JobCondition {
  const time = formatTime(now);
  return {
    type,
    status,
    ...(reason === "" ? {} : { reason }),
    ...(message === "" ? {} : { message }),
    lastProbeTime: time,
    lastTransitionTime: time,
  };
}

/**
 * The list with the condition, at its place or at the end; the same list if it says so already. What has never been is
 * not said to be over (upstream ensureJobConditionStatus).
 */
export function withJobCondition(list: readonly JobCondition[], next: JobCondition): readonly JobCondition[] {
  const at = list.findIndex(({ type }) => type === next.type);
  const old = list[at];
  if (!old) return next.status === "False" ? list : [...list, next];
  const isSame = old.status === next.status && old.reason === next.reason && old.message === next.message;
  return isSame ? list : list.with(at, next);
}

export const hasCondition = ({ status }: Job, type: string): boolean =>
  findCondition(status?.conditions, type)?.status === "True";

/** Whether the Job has come to its end: nothing is done for it any more. */
export const isFinished = (job: Job): boolean => hasCondition(job, "Complete") || hasCondition(job, "Failed");

/** What the value of `managedBy` is for this controller; others are left to those that they name. */
const OWN_NAME = "kubernetes.io/job-controller";

/** Whether the Job is left to another controller. */
export const isManagedElsewhere = ({ spec }: Job): boolean =>
  spec?.managedBy !== undefined && spec.managedBy !== OWN_NAME;
