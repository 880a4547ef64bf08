import { countIndexesIn, findCondition, parseTime, type JobCondition, type JobSpec, type Pod } from "#objects";
import { condition } from "./conditions.ts";
import { failureRuling } from "./failure-policy.ts";
import { hasFailed, isIndexed } from "./pods.ts";
import { metSuccessRule } from "./success-policy.ts";
import type { JobView, Tally } from "./tally.ts";

/** What becomes of the Job: SuccessCriteriaMet or FailureTarget, as its status tells it or as it is to tell it now. */
export interface Verdict {
  readonly condition: JobCondition;
  /** The status tells it already. */
  readonly isTold: boolean;
}

export const isSuccess = ({ condition: { type } }: Verdict): boolean => type === "SuccessCriteriaMet";

/** Why the Job ends now, whatever runs; undefined: it goes on. Source: upstream syncJob. */
export function verdictOf(view: JobView, tally: Tally, now: number): Verdict | undefined {
  const told = toldVerdict(view);
  if (told) return { condition: told, isTold: true };
  const failure = failureOf(view, tally, now);
  if (failure) return { condition: condition("FailureTarget", "True", ...failure, now), isTold: false };
  const { spec } = view.job;
  if (!isIndexed(spec)) return undefined;
  const met = metSuccessRule(spec.successPolicy, spec.completions ?? 0, tally.succeededIndexes);
  if (met === undefined) return undefined;
  return { condition: condition("SuccessCriteriaMet", "True", "SuccessPolicy", met, now), isTold: false };
}

function toldVerdict({ job: { status } }: JobView): JobCondition | undefined {
  for (const type of ["SuccessCriteriaMet", "FailureTarget"]) {
    const found = findCondition(status?.conditions, type);
    if (found?.status === "True") return found;
  }
  return undefined;
}

type Failure = readonly [reason: string, message: string];

/** The first that applies, in upstream's order. */
function failureOf(view: JobView, tally: Tally, now: number): Failure | undefined {
  const { spec } = view.job;
  const byPolicy = policyFailure(spec, view.pods);
  if (byPolicy !== undefined) return ["PodFailurePolicy", byPolicy];
  if (tally.failed > (spec.backoffLimit ?? 0) || restartsExceedLimit(spec, view.pods)) {
    return ["BackoffLimitExceeded", "Job has reached the specified backoff limit"];
  }
  if ((deadlineOf(view) ?? Infinity) <= now) {
    return ["DeadlineExceeded", "Job was active longer than specified deadline"];
  }
  if (!tally.failedIndexes) return undefined;
  const failed = countIndexesIn(tally.failedIndexes);
  if (failed > (spec.maxFailedIndexes ?? Infinity)) {
    return ["MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"];
  }
  if (failed > 0 && failed + tally.succeeded >= (spec.completions ?? 0))
    return ["FailedIndexes", "Job has failed indexes"];
  return undefined;
}

function policyFailure(spec: JobSpec, pods: readonly Pod[]): string | undefined {
  if (!spec.podFailurePolicy) return undefined;
  for (const pod of pods) {
    if (!hasFailed(pod, spec)) continue;
    const { message } = failureRuling(spec.podFailurePolicy, pod);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** Restarts in place count for the limit too (upstream pastBackoffLimitOnFailure). */
function restartsExceedLimit({ template, backoffLimit = 0 }: JobSpec, pods: readonly Pod[]): boolean {
  if (template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== "Running" && status?.phase !== "Pending") continue;
    for (const { restartCount } of status.initContainerStatuses ?? []) restarts += restartCount;
    for (const { restartCount } of status.containerStatuses ?? []) restarts += restartCount;
  }
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

/** When the Job will have been active for too long, in milliseconds since the epoch. It is not while it is suspended. */
export function deadlineOf({ job: { spec, status } }: Pick<JobView, "job">): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend || status?.startTime === undefined) return undefined;
  const start = parseTime(status.startTime);
  return start === undefined ? undefined : start + Number(spec.activeDeadlineSeconds) * 1000;
}
