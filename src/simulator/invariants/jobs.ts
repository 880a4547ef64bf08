import { findCondition, isPodActive, type Job, type JobStatus, type KubeObject, type Pod } from "#objects";
import type { Truth, TruthChange } from "../truth.ts";
import { named, type Invariant } from "./invariant.ts";

const TRACKING = "batch.kubernetes.io/job-tracking";
const INDEX = "batch.kubernetes.io/job-completion-index";

/** What has been seen of a Job. */
interface Watched {
  /** The most that it may run at once, by all specs that it has had: some Pods are under way while one changes. */
  parallelism: number;
  /** What {@link JobOptions.unanswered} was when it was created. */
  readonly unanswered: number;
  /** Pods that lost the finalizer having ended. */
  ended: number;
  isFailing: boolean;
}

export interface JobOptions {
  /**
   * Requests of the controllers, so far, whose answers were lost. Such a request may have made a Pod that the controller
   * does not see yet, and then there may be one too many for a while (so with upstream).
   */
  readonly unanswered?: () => number;
}

/**
 * A Job counts each Pod once: it takes the finalizer from none that has ended before its status tells of it. It never
 * runs more Pods than it may, or two for one index; one that has ended stays so and runs nothing.
 */
export function jobsCountTheirPods({ unanswered = () => 0 }: JobOptions = {}): Invariant {
  const watched = new Map<string, Watched>();
  return {
    name: "a Job counts each of its Pods once, and runs no more than it may",
    check({ kind, before, after }: TruthChange, truth: Truth) {
      if (kind === "Job" && after) return onJob(watched, unanswered, before as Job | undefined, after as Job);
      if (kind !== "Pod") return undefined;
      const [old, now] = [before as Pod | undefined, after as Pod | undefined];
      const job = jobOf(truth, now ?? old!);
      const known = job && watched.get(job.metadata.uid ?? "");
      if (!known) return undefined;
      if (old && isTracked(old) && !(now && isTracked(now))) return onReleased(known, job, now ?? old);
      return old || !now || unanswered() > known.unanswered ? undefined : onCreated(known, job, now, truth);
    },
  };
}

const isTracked = ({ metadata }: Pod) => metadata.finalizers?.includes(TRACKING) ?? false;
const has = ({ status }: Job, type: string) => findCondition(status?.conditions, type)?.status === "True";
const isFinished = (job: Job) => has(job, "Complete") || has(job, "Failed");
const controllerOf = ({ metadata }: KubeObject) => metadata.ownerReferences?.find(({ controller }) => controller);

const jobOf = (truth: Truth, pod: Pod): Job | undefined => {
  const owner = controllerOf(pod);
  return owner?.kind === "Job" ? truth.of<Job>("Job").find(({ metadata }) => metadata.uid === owner.uid) : undefined;
};

const countsOf = ({ succeeded = 0, failed = 0 }: JobStatus = {}) => succeeded + failed;
const uncountedOf = ({ uncountedTerminatedPods: { succeeded = [], failed = [] } = {} }: JobStatus = {}) =>
  succeeded.length + failed.length;
const isIndexed = ({ spec }: Job) => spec?.completionMode === "Indexed";

function onJob(
  watched: Map<string, Watched>,
  unanswered: () => number,
  before: Job | undefined,
  after: Job,
): string | undefined {
  const { uid = "", deletionTimestamp } = after.metadata;
  const parallelism = after.spec?.parallelism ?? 0;
  const known = watched.get(uid) ?? { parallelism, unanswered: unanswered(), ended: 0, isFailing: false };
  watched.set(uid, known);
  known.parallelism = Math.max(known.parallelism, parallelism);
  known.isFailing = has(after, "FailureTarget");
  if (!before || deletionTimestamp !== undefined) return undefined;
  if (isFinished(before) && !isFinished(after)) return `Job ${named(after)} had ended and has not any more`;
  // Of an Indexed Job the indexes count, and what succeeds twice counts once.
  if (isIndexed(after)) return undefined;
  const [then, now, open] = [countsOf(before.status), countsOf(after.status), uncountedOf(after.status)];
  if (now < then) return `Job ${named(after)} counted ${then} Pods, and now ${now}`;
  if (now > known.ended) return `Job ${named(after)} has counted ${now} Pods, of which ${known.ended} have ended`;
  if (now + open < known.ended) {
    return `Job ${named(after)} has lost Pods: ${known.ended} have ended, ${now} are counted and ${open} are to be`;
  }
  if (isFinished(after) && !isFinished(before) && now !== known.ended) {
    return `Job ${named(after)} has ended with ${now} Pods counted of ${known.ended}`;
  }
  return undefined;
}

/** A Pod that is let go has ended, or is not to count: one that ran was too many. */
function onReleased(known: Watched, job: Job, pod: Pod): string | undefined {
  if (job.metadata.deletionTimestamp !== undefined || isFinished(job)) return undefined;
  const phase = pod.status?.phase;
  const hasEnded = phase === "Succeeded" || phase === "Failed" || known.isFailing;
  const isReplaced = pod.metadata.deletionTimestamp !== undefined && job.spec?.podReplacementPolicy !== "Failed";
  if (!hasEnded && !isReplaced) return undefined;
  known.ended++;
  if (isIndexed(job)) return undefined;
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {};
  return [...succeeded, ...failed].includes(pod.metadata.uid ?? "")
    ? undefined
    : `Pod ${named(pod)} has lost its finalizer, and its Job does not tell of it`;
}

function onCreated(known: Watched, job: Job, pod: Pod, truth: Truth): string | undefined {
  if (isFinished(job)) return `Job ${named(job)} has ended and makes Pod ${named(pod)}`;
  const live = truth
    .of<Pod>("Pod")
    .filter((other) => isPodActive(other) && controllerOf(other)?.uid === job.metadata.uid);
  if (live.length > known.parallelism) {
    return `Job ${named(job)} runs ${live.length} Pods at once, of at most ${known.parallelism}`;
  }
  const index = pod.metadata.annotations?.[INDEX];
  const twin = live.find(
    ({ metadata }) =>
      metadata.uid !== pod.metadata.uid && index !== undefined && metadata.annotations?.[INDEX] === index,
  );
  return twin && `Pods ${named(twin)} and ${named(pod)} do the same index`;
}
