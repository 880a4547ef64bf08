import { formatIndexRanges, formatTime, isPodReady, type JobCondition, type JobStatus, type Pod } from "#objects";
import type { Plan } from "../framework/index.ts";
import { backoffAfter, NO_BACKOFF, type Backoff } from "./backoff.ts";
import { condition, hasCondition, withJobCondition } from "./conditions.ts";
import { countReleased, newlyEnded, uncountedOf } from "./count.ts";
import { hasFailed, isIndexed, isTracked } from "./pods.ts";
import { sizingOf, type NewJobPod } from "./size.ts";
import { tallyOf, uidOf, type JobView, type Tally } from "./tally.ts";
import { deadlineOf, isSuccess, verdictOf, type Verdict } from "./verdict.ts";

export interface JobEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export type JobStep =
  | {
      readonly type: "write-status";
      readonly status: JobStatus;
      /** Told once it is written. */
      readonly events: readonly JobEvent[];
    }
  /** `isCounted`: the finalizer stays, and their end counts; else it is taken away before. */
  | { readonly type: "delete"; readonly pods: readonly Pod[]; readonly isCounted: boolean }
  | { readonly type: "create"; readonly pods: readonly NewJobPod[] }
  /** What the Pods' end does to the delay of the next ones. */
  | { readonly type: "remember"; readonly backoff: Backoff }
  /** Takes the finalizer away. */
  | { readonly type: "release"; readonly pods: readonly Pod[] };

/** A Job as it was found. */
export interface Situation {
  readonly view: JobView;
  readonly tally: Tally;
  readonly verdict: Verdict | undefined;
  /** With the Pods that have ended since. */
  readonly backoff: Backoff;
}

/** `now` in milliseconds since the epoch. */
export function situationOf(view: JobView, now: number): Situation {
  const tally = tallyOf(view);
  return {
    view,
    tally,
    verdict: verdictOf(view, tally, now),
    backoff: backoffAfter(view.backoff ?? backoffBefore(view, tally), tally.newlySucceeded, tally.newlyFailed),
  };
}

/** By the Pods that are counted and still there. */
function backoffBefore({ job, pods }: JobView, { newlySucceeded, newlyFailed }: Tally): Backoff {
  const fresh = new Set([...newlySucceeded, ...newlyFailed]);
  const ended = pods.filter((pod) => !fresh.has(pod));
  return backoffAfter(
    NO_BACKOFF,
    ended.filter(({ status }) => status?.phase === "Succeeded"),
    ended.filter((pod) => hasFailed(pod, job.spec)),
  );
}

/** First: which Pods are to be made or to go. */
export function planPods({ view, tally, verdict, backoff }: Situation, now: number): Plan<JobStep> {
  const { job } = view;
  if (verdict) return { steps: endOfPods(view, tally, verdict), because: `it ends: ${verdict.condition.reason}` };
  if (job.metadata.deletionTimestamp !== undefined) return { steps: [], because: "it is being deleted" };
  const { remove, create, waitUntil, because } = sizingOf(view, tally, backoff, now);
  const requeueAt = Math.min(waitUntil ?? Infinity, deadlineOf(view) ?? Infinity);
  return {
    steps: [
      ...(remove.length === 0 ? [] : [{ type: "delete", pods: remove, isCounted: false } as const]),
      ...(create.length === 0 ? [] : [{ type: "create", pods: create } as const]),
    ],
    because,
    ...(requeueAt === Infinity ? {} : { requeueAt }),
  };
}

/**
 * The verdict stands in the status before the first Pod is deleted for it: by the Pods alone another one could be found
 * later. With a success so do those that have failed until then: what it ends has not.
 */
function endOfPods(view: JobView, tally: Tally, verdict: Verdict): readonly JobStep[] {
  if (tally.active.length === 0) return [];
  const { status: before = {} } = view.job;
  const { uncounted } = isSuccess(verdict)
    ? newlyEnded(view, tally, uncountedOf(before), verdict)
    : { uncounted: uncountedOf(before) };
  const status = tidy({
    ...before,
    conditions: [...(before.conditions ?? []), verdict.condition],
    uncountedTerminatedPods: uncounted,
  });
  return [
    ...(verdict.isTold ? [] : [{ type: "write-status", status, events: [] } as const]),
    { type: "delete", pods: tally.active, isCounted: true },
  ];
}

/** What has come of the first plan. */
export interface CountView {
  readonly situation: Situation;
  /** As it was written last. */
  readonly job: JobView["job"];
  readonly created: number;
  readonly deleted: readonly Pod[];
}

/** Second: what the status says, and which Pods may lose the finalizer then. */
export function planCounts({ situation, job, created, deleted }: CountView, now: number): Plan<JobStep> {
  const { view, tally, verdict, backoff } = situation;
  const active = tally.active.length - deleted.length + created;
  const ending = verdict ? (active === 0 ? verdict : undefined) : completion(view, tally, active, now);
  const { status: before = {} } = job;
  const tracked = new Set(view.pods.filter(isTracked).map(uidOf));
  const settled = countReleased(before, tracked);
  const { uncounted, release } = newlyEnded(view, tally, uncountedOf(settled), ending);
  const phase = verdict || ending ? ending && told(before, ending) : suspension(view, before, now);
  const status = tidy({
    ...settled,
    ...indexStatus(view, tally),
    ...startOf(view, before, now),
    ...phase?.status,
    active,
    ready: tally.ready - deleted.filter(isPodReady).length,
    terminating: tally.terminating.length + deleted.length,
    uncountedTerminatedPods: uncounted,
  });
  return {
    steps: [
      ...(isSame(before, status) ? [] : [{ type: "write-status", status, events: phase?.events ?? [] } as const]),
      ...(backoff === view.backoff ? [] : [{ type: "remember", backoff } as const]),
      ...(release.length === 0 ? [] : [{ type: "release", pods: release } as const]),
    ],
    because: `${active} are active, ${tally.succeeded} have succeeded, ${tally.failed} have failed`,
  };
}

/** Success without a policy: enough have succeeded, and none is active. */
function completion(
  { job: { spec } }: JobView,
  { succeeded }: Tally,
  active: number,
  now: number,
): Verdict | undefined {
  if (active > 0 || succeeded < (spec.completions ?? 1)) return undefined;
  const message = "Reached expected number of succeeded pods";
  return { condition: condition("SuccessCriteriaMet", "True", "CompletionsReached", message, now), isTold: false };
}

/** Undefined: it is not there any more. */
type StatusChange = { readonly [Field in keyof JobStatus]?: JobStatus[Field] | undefined };

interface Phase {
  readonly status: StatusChange;
  readonly events: readonly JobEvent[];
}

function told({ conditions = [] }: JobStatus, { condition: verdict }: Verdict): Phase {
  const isThere = conditions.some(({ type, status }) => type === verdict.type && status === "True");
  return { status: { conditions: isThere ? conditions : [...conditions, verdict] }, events: [] };
}

/** The condition Suspended. The time for the deadline begins anew when the Job is resumed. */
function suspension({ job }: JobView, { conditions = [] }: JobStatus, now: number): Phase | undefined {
  if (job.metadata.deletionTimestamp !== undefined) return undefined;
  const next: JobCondition = job.spec.suspend
    ? condition("Suspended", "True", "JobSuspended", "Job suspended", now)
    : condition("Suspended", "False", "JobResumed", "Job resumed", now);
  const changed = withJobCondition(conditions, next);
  if (changed === conditions) return undefined;
  return job.spec.suspend
    ? {
        status: { conditions: changed, startTime: undefined },
        events: [{ type: "Normal", reason: "Suspended", message: "Job suspended" }],
      }
    : {
        status: { conditions: changed, startTime: formatTime(now) },
        events: [{ type: "Normal", reason: "Resumed", message: "Job resumed" }],
      };
}

const startOf = ({ job }: JobView, { startTime }: JobStatus, now: number): JobStatus =>
  startTime === undefined && !job.spec.suspend ? { startTime: formatTime(now) } : {};

function indexStatus({ job: { spec } }: JobView, tally: Tally): JobStatus {
  if (!isIndexed(spec)) return {};
  return {
    succeeded: tally.succeeded,
    completedIndexes: formatIndexRanges(tally.succeededIndexes),
    ...(tally.failedIndexes ? { failedIndexes: formatIndexRanges(tally.failedIndexes) } : {}),
  };
}

/** What has come of the second plan. */
export interface EndView {
  /** As it was written last. */
  readonly job: JobView["job"];
  readonly pods: readonly Pod[];
  /** The uids of those that have lost the finalizer. */
  readonly released: ReadonlySet<string>;
}

/** Third: counts what was released, and ends the Job when nothing is left to be counted and no Pod is left over. */
export function planEnd({ job, pods, released }: EndView, now: number): Plan<JobStep> {
  const { status: before = {} } = job;
  const tracked = new Set(
    pods
      .filter(isTracked)
      .map(uidOf)
      .filter((uid) => !released.has(uid)),
  );
  const status = tidy(countReleased(before, tracked));
  const isQuiet = tracked.size === 0 && !status.active && !status.terminating;
  const end = isQuiet ? endOf({ ...job, status }, now) : undefined;
  const last = end ? tidy({ ...status, ...end.status }) : status;
  return {
    steps: isSame(before, last) ? [] : [{ type: "write-status", status: last, events: end?.events ?? [] }],
    because: end ? "all its Pods have ended and are counted" : `${tracked.size} Pods are not counted`,
  };
}

/** The last condition, where the one before it stands. */
function endOf(job: JobView["job"], now: number): Phase | undefined {
  const { conditions = [], startTime = formatTime(now), succeeded = 0 } = job.status ?? {};
  const verdict = ["SuccessCriteriaMet", "FailureTarget"].find((type) => hasCondition(job, type));
  const { reason = "", message = "" } = conditions.find(({ type }) => type === verdict) ?? {};
  if (verdict === undefined) return undefined;
  if (verdict === "FailureTarget") {
    const failed = withJobCondition(conditions, condition("Failed", "True", reason, message, now));
    return { status: { conditions: failed, startTime }, events: [{ type: "Warning", reason, message }] };
  }
  const complete = withJobCondition(conditions, condition("Complete", "True", reason, message, now));
  const tooMany = "Too many succeeded pods running after completion count reached";
  return {
    status: { conditions: complete, startTime, completionTime: formatTime(now) },
    events: [
      ...(succeeded > (job.spec.completions ?? Infinity)
        ? [{ type: "Warning", reason: "TooManySucceededPods", message: tooMany } as const]
        : []),
      { type: "Normal", reason: "Completed", message: "Job completed" },
    ],
  };
}

/** As the API shows it: without figures that are zero where it leaves them out, and in one order. */
function tidy(status: StatusChange): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const given: StatusChange = {
    active: status.active || undefined,
    completedIndexes: status.completedIndexes || undefined,
    completionTime: status.completionTime,
    conditions: status.conditions?.length ? status.conditions : undefined,
    failed: status.failed || undefined,
    failedIndexes: status.failedIndexes,
    ready: status.ready,
    startTime: status.startTime,
    succeeded: status.succeeded || undefined,
    terminating: status.terminating,
    uncountedTerminatedPods: {
      ...(failed.length > 0 ? { failed } : {}),
      ...(succeeded.length > 0 ? { succeeded } : {}),
    },
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as JobStatus;
}

const isSame = (before: JobStatus, after: JobStatus): boolean =>
  before.uncountedTerminatedPods !== undefined && JSON.stringify(tidy(before)) === JSON.stringify(after);
