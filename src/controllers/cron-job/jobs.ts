import {
  CRON_JOBS,
  formatTimeIn,
  groupVersion,
  JOBS,
  type CronJob,
  type Job,
  type New,
  type ObjectReference,
} from "#objects";
import { controllerReference } from "../framework/watch.ts";
import { hasCondition, isFinished } from "../job/conditions.ts";
import { normal, warning, type CronJobStep, type CronJobView } from "./step.ts";

const SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** The same for every attempt to start the Job of a time, so that it is made once (upstream getJobName). */
export const jobNameAt = ({ metadata: { name = "" } }: CronJob, ms: number): string =>
  `${name}-${Math.floor(ms / 60_000)}`;

/** The Job of a time (upstream getJobFromTemplate2). */
export function jobAt(cronJob: CronJob, ms: number): New<Job> {
  const { namespace = "" } = cronJob.metadata;
  const { jobTemplate, timeZone } = cronJob.spec!;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    metadata: {
      namespace,
      name: jobNameAt(cronJob, ms),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [SCHEDULED_AT]: formatTimeIn(ms, timeZone ?? "UTC") },
      ownerReferences: [controllerReference(CRON_JOBS, cronJob)],
    },
    ...(jobTemplate.spec ? { spec: jobTemplate.spec } : {}),
  };
}

/** As the list of active Jobs has it. */
export const referenceTo = ({ metadata: { namespace, name, uid, resourceVersion } }: Job): ObjectReference => ({
  kind: JOBS.kind,
  ...(namespace === undefined ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
  ...(uid === undefined ? {} : { uid }),
  apiVersion: groupVersion(JOBS),
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
});

/** The finished Jobs that are more than it keeps: of those that succeeded and of those that failed the oldest. */
export function surplusJobs({ cronJob: { spec }, jobs }: CronJobView): readonly Job[] {
  const surplus = (condition: string, limit: number | undefined) => {
    if (limit === undefined) return [];
    const ended = jobs.filter((job) => hasCondition(job, condition));
    const doomed = ended.toSorted(byStartTime).slice(0, Math.max(0, ended.length - limit));
    return doomed.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  return [...surplus("Complete", spec?.successfulJobsHistoryLimit), ...surplus("Failed", spec?.failedJobsHistoryLimit)];
}

const startTimeOf = ({ status }: Job): number =>
  status?.startTime === undefined ? Infinity : Date.parse(status.startTime);
const nameOf = ({ metadata: { name = "" } }: Job): string => name;

function byStartTime(a: Job, b: Job): number {
  const [left, right] = [startTimeOf(a), startTimeOf(b)];
  return left === right ? (nameOf(a) < nameOf(b) ? -1 : 1) : left - right;
}

/** What has become of its Jobs since the last look. */
export function noteJobs({ cronJob: { status = {} }, jobs, missing }: CronJobView): readonly CronJobStep[] {
  const steps: CronJobStep[] = [];
  const active = new Set(status.active?.map(({ uid }) => uid));
  let lastSuccess = status.lastSuccessfulTime;
  for (const job of jobs) {
    const { name = "", uid = "" } = job.metadata;
    const listed = active.has(uid);
    if (!isFinished(job)) {
      if (!listed)
        steps.push(warning("UnexpectedJob", `Saw a job that the controller did not create or forgot: ${name}`));
      continue;
    }
    const succeeded = hasCondition(job, "Complete");
    if (listed) {
      const condition = succeeded ? "Complete" : "Failed";
      steps.push({ type: "forget", uid });
      steps.push(normal("SawCompletedJob", `Saw completed job: ${name}, condition: ${condition}`));
    }
    const time = succeeded ? job.status?.completionTime : undefined;
    if (time !== undefined && (lastSuccess === undefined || Date.parse(time) > Date.parse(lastSuccess)))
      lastSuccess = time;
  }
  if (lastSuccess !== undefined && lastSuccess !== status.lastSuccessfulTime)
    steps.push({ type: "succeeded", time: lastSuccess });
  for (const { name = "", uid = "" } of status.active ?? []) {
    if (!missing.has(uid)) continue;
    steps.push(normal("MissingJob", `Active job went missing: ${name}`), { type: "forget", uid });
  }
  return steps;
}
