import { messageOf } from "#base";
import {
  dueCronTimes,
  goQuote,
  isTimeZone,
  parseCronSchedule,
  type CronDue,
  type CronJob,
  type CronSchedule,
  type ObjectReference,
} from "#objects";
import type { Plan } from "../framework/definition.ts";
import { jobAt, noteJobs, referenceTo, surplusJobs } from "./jobs.ts";
import { normal, warning, type CronJobStep, type CronJobView, type Remembered } from "./step.ts";

/** For clocks that do not quite agree: the look is this much after the time. */
const AFTER_MS = 100;
/** More missed times are told. */
const MANY = 100;

/** What becomes of a CronJob and its Jobs (upstream ControllerV2.sync). */
export function planCronJob(view: CronJobView, now: number): Plan<CronJobStep> {
  const { cronJob } = view;
  const surplus = surplusJobs(view).map((job): CronJobStep => ({
    type: "delete",
    job: referenceTo(job),
    needed: false,
  }));
  const notes = noteJobs(view);
  const ended = new Set(notes.map((step) => (step.type === "forget" ? step.uid : undefined)));
  const active = (cronJob.status?.active ?? []).filter(({ uid }) => !ended.has(uid));
  const remembered = rememberSchedule(view, now);
  const run = planRun({ ...view, remembered }, active, now);
  const remember: readonly CronJobStep[] =
    remembered === view.remembered ? [] : [{ type: "remember", what: remembered }];
  return { ...run, steps: [...remember, ...surplus, ...notes, ...run.steps] };
}

function rememberSchedule({ cronJob: { spec }, remembered }: CronJobView, now: number): Remembered {
  const schedule = `${spec?.timeZone ?? ""} ${spec?.schedule ?? ""}`;
  if (!remembered) return { schedule };
  return remembered.schedule === schedule ? remembered : { ...remembered, schedule, since: now };
}

type KnownView = CronJobView & { readonly remembered: Remembered };

const nothing = (because: string, ...steps: readonly CronJobStep[]): Plan<CronJobStep> => ({ steps, because });

/** Whether a Job is to be started, and when the next one may be. `active`: the Jobs that run. */
function planRun(view: KnownView, active: readonly ObjectReference[], now: number): Plan<CronJobStep> {
  const { cronJob } = view;
  const { spec, metadata } = cronJob;
  if (!spec || metadata.deletionTimestamp !== undefined) return nothing("it is being deleted");
  const { schedule: text, timeZone = view.timeZone } = spec;
  if (spec.timeZone !== undefined && !isTimeZone(timeZone)) {
    const problem = `invalid timeZone: ${goQuote(timeZone)}: unknown time zone ${timeZone}`;
    return nothing("there is no such time zone", warning("UnknownTimeZone", problem));
  }
  if (spec.suspend) return nothing("it is suspended");
  const advice = text.includes("TZ") ? [warning("UnsupportedSchedule", unsupported(text))] : [];
  const schedule = readSchedule(text);
  if (typeof schedule === "string") {
    const problem = `unparseable schedule: ${goQuote(text)} : ${schedule}`;
    return nothing("its schedule cannot be read", ...advice, warning("UnparseableSchedule", problem));
  }
  const due = dueCronTimes(schedule, startOf(cronJob), now, timeZone);
  if (due.type === "never") {
    const problem = `invalid schedule: ${text} : time difference between two schedules is less than 1 second`;
    return nothing("its schedule never comes round", ...advice, warning("InvalidSchedule", problem));
  }
  const wait = due.next === undefined ? {} : { requeueAt: due.next + AFTER_MS };
  if (due.type === "none") return { ...nothing("no time has come", ...advice), ...wait };
  const run = planDue(view, { ...due, about: recent(due, schedule, timeZone, cronJob, now) }, active, now);
  return { ...run, ...wait, steps: [...advice, ...run.steps] };
}

/** A time has come. */
function planDue(
  { cronJob, remembered }: KnownView,
  { latest, about }: CronDue & { readonly type: "due" },
  active: readonly ObjectReference[],
  now: number,
): Plan<CronJobStep> {
  const { startingDeadlineSeconds: deadline, concurrencyPolicy } = cronJob.spec!;
  if (latest <= (remembered.since ?? -Infinity)) return nothing("its schedule is newer than the time");
  if (deadline !== undefined && latest + Number(deadline) * 1000 < now) {
    if (remembered.missed === latest) return nothing("the time was missed");
    const message = `Missed scheduled time to start a job: ${new Date(latest).toUTCString().replace("GMT", "+0000")}`;
    const what = { ...remembered, missed: latest };
    return nothing("the time is missed", warning("MissSchedule", message), { type: "remember", what });
  }
  const advice = about > MANY ? [warning("TooManyMissedTimes", TOO_MANY)] : [];
  const job = jobAt(cronJob, latest);
  if (active.some(({ name }) => name === job.metadata.name)) return nothing("the Job of the time runs", ...advice);
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    return nothing("another Job still runs", ...advice, normal("JobAlreadyActive", message));
  }
  const replaced = concurrencyPolicy === "Replace" ? active : [];
  const deletions = replaced.map((one): CronJobStep => ({ type: "delete", job: one, needed: true }));
  const steps: CronJobStep[] = [...advice, ...deletions, { type: "start", job, scheduledAt: latest }];
  return { steps, because: "a time has come" };
}

/** The Jobs of times up to then are of the past: the last that was started, or the creation. */
const startOf = ({ metadata, status }: CronJob): number =>
  Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? "");

/** About how many times have come that are not too old to count. */
function recent(
  due: CronDue & { readonly type: "due" },
  schedule: CronSchedule,
  timeZone: string,
  { spec }: CronJob,
  now: number,
): number {
  const deadline = spec?.startingDeadlineSeconds;
  if (deadline === undefined || due.about <= MANY) return due.about;
  const since = dueCronTimes(schedule, now - Number(deadline) * 1000, now, timeZone);
  return since.type === "due" ? Math.min(due.about, since.about) : 0;
}

function readSchedule(text: string): CronSchedule | string {
  try {
    return parseCronSchedule(text);
  } catch (error) {
    return messageOf(error);
  }
}

const TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";

const unsupported = (schedule: string): string =>
  `CRON_TZ or TZ used in schedule ${goQuote(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
