import { messageOf } from "#base";
import { CRON_JOBS, formatTime, hasReason, JOBS, keyOf, type CronJob, type CronJobStatus, type Job } from "#objects";
import { allow } from "../framework/access.ts";
import {
  defineController,
  type ControllerDefinition,
  type SyncContext,
  type SyncResult,
} from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import { controllerOf, itself, owner, watch } from "../framework/watch.ts";
import { referenceTo } from "./jobs.ts";
import { planCronJob } from "./plan.ts";
import type { CronJobStep, CronJobView, Remembered } from "./step.ts";

export interface CronJobOptions {
  /** Of schedules that name none: upstream's is that of the machine that the controller runs on. */
  readonly timeZone: string;
}

/** Starts a Job whenever the schedule of a CronJob says so, and removes those of long ago. */
export const cronJobController = ({ timeZone }: CronJobOptions): ControllerDefinition =>
  defineController({
    name: "cronjob-controller",
    watches: [watch(CRON_JOBS, itself), watch(JOBS, owner(CRON_JOBS))],
    writes: [allow(CRON_JOBS, "update/status"), allow(JOBS, "create", "delete")],
    start() {
      const memory = new Map<string, Remembered>();
      const watchClock = clockWatch();
      return async (key, context) => {
        if (key === CLOCK) return watchClock(context);
        const cronJob = context.caches.of(CRON_JOBS).get(key);
        if (!cronJob) {
          memory.delete(key);
          return undefined;
        }
        const view = await look(cronJob, memory.get(key), timeZone, context);
        const plan = planCronJob(view, context.clock.now());
        if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
        await apply(plan.steps, cronJob, context, (what) => void memory.set(key, what));
        if (plan.requeueAt !== undefined) context.enqueue(CLOCK, CLOCK_MS);
        return plan.requeueAt === undefined ? undefined : { requeueAt: plan.requeueAt };
      };
    },
  });

/** No key of a CronJob. */
const CLOCK = "clock";
const CLOCK_MS = 10_000;
const JUMP_MS = 1_000;

/**
 * Looks at all CronJobs when the wall clock was set, or stood still with the machine: what waits for a time is measured,
 * and would come too late or too early. Upstream finds out when the wait is over.
 */
function clockWatch() {
  let before: number | undefined;
  return ({ caches, clock, enqueue, log }: SyncContext): Promise<SyncResult | undefined> => {
    const ahead = clock.now() - clock.monotonic();
    const jumped = before !== undefined && Math.abs(ahead - before) >= JUMP_MS;
    before = ahead;
    const cronJobs = caches.of(CRON_JOBS);
    if (jumped) {
      log.info("the clock was set");
      for (const cronJob of cronJobs.list()) enqueue(keyOf(cronJob));
    }
    return Promise.resolve(cronJobs.size > 0 ? { requeueAt: clock.now() + CLOCK_MS } : undefined);
  };
}

async function look(
  cronJob: CronJob,
  remembered: Remembered | undefined,
  timeZone: string,
  { caches, client }: SyncContext,
): Promise<CronJobView> {
  const jobs = caches.of(JOBS).index("controller", cronJob.metadata.uid ?? "");
  const there = new Set(jobs.map(({ metadata }) => metadata.uid));
  const missing = new Set<string>();
  for (const { namespace = "", name = "", uid = "" } of cronJob.status?.active ?? []) {
    if (there.has(uid)) continue;
    // A watch may lag: what it has not shown is not gone yet.
    const job = await unlessGone(client.get(JOBS, { namespace, name }));
    if (job?.metadata.uid !== uid) missing.add(uid);
  }
  return { cronJob, jobs, missing, timeZone, ...(remembered ? { remembered } : {}) };
}

/** Carries the steps out in their order, and writes the status that comes of them, also when one has failed. */
async function apply(
  steps: readonly CronJobStep[],
  cronJob: CronJob,
  context: SyncContext,
  remember: (what: Remembered) => void,
): Promise<void> {
  const { client, recorder } = context;
  const before = cronJob.status ?? {};
  let status: CronJobStatus = before;
  const forget = (uid: string | undefined) => {
    if (!status.active?.some((one) => one.uid === uid)) return;
    status = { ...status, active: status.active.filter((one) => one.uid !== uid) };
  };
  try {
    for (const step of steps) {
      switch (step.type) {
        case "event":
          recorder.event(cronJob, step.level, step.reason, step.message);
          break;
        case "remember":
          remember(step.what);
          break;
        case "forget":
          forget(step.uid);
          break;
        case "succeeded":
          status = { ...status, lastSuccessfulTime: step.time };
          break;
        case "delete":
          if (await deleteJob(step, cronJob, context)) forget(step.job.uid);
          break;
        case "start": {
          const started = await startJob(step, cronJob, context);
          if (!started || status.active?.some(({ uid }) => uid === started.metadata.uid)) break;
          const active = [...(status.active ?? []), referenceTo(started)];
          status = { ...status, active, lastScheduleTime: formatTime(step.scheduledAt) };
          break;
        }
      }
    }
  } finally {
    if (status !== before) await client.update(CRON_JOBS, { ...cronJob, status }, { subresource: "status" });
  }
}

async function deleteJob(
  { job: { namespace = "", name = "", uid }, needed }: CronJobStep & { readonly type: "delete" },
  cronJob: CronJob,
  { client, recorder }: SyncContext,
): Promise<boolean> {
  try {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    await unlessGone(client.delete(JOBS, { namespace, name }, { propagationPolicy: "Background", ...preconditions }));
  } catch (error) {
    recorder.event(cronJob, "Warning", "FailedDelete", `Deleted job: ${messageOf(error)}`);
    if (needed) throw error;
    return false;
  }
  recorder.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
  return true;
}

/** The Job that runs now; undefined: its name is taken, or nothing more is made here. */
async function startJob(
  { job }: CronJobStep & { readonly type: "start" },
  cronJob: CronJob,
  { client, recorder }: SyncContext,
): Promise<Job | undefined> {
  try {
    const started = await client.create(JOBS, job);
    recorder.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${started.metadata.name}`);
    return started;
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    if (!hasReason(error, "AlreadyExists")) {
      recorder.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
      throw error;
    }
    const { namespace = "", name = "" } = job.metadata;
    const existing = await unlessGone(client.get(JOBS, { namespace, name }));
    // Made by an earlier sync that could not write the status.
    return existing && controllerOf(existing)?.uid === cronJob.metadata.uid ? existing : undefined;
  }
}
