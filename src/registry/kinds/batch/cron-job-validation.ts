import {
  invalid,
  isTimeZone,
  notSupported,
  required,
  scheduleProblem,
  type CronJob,
  type FieldError,
  type JobTemplateSpec,
} from "#objects";
import { each, nonNegative, requiredOneOf } from "../common/checks.ts";
import { validateJobSpec } from "./job-validation.ts";

/** Eleven characters are left for what the controller appends to the names of jobs. */
const MAX_NAME = 52;

/** Source: upstream pkg/apis/batch/validation ValidateCronJobCreate. */
export function validateCronJobName({ metadata: { name = "" } }: CronJob): FieldError[] {
  return name.length > MAX_NAME ? [invalid("metadata.name", name, `must be no more than ${MAX_NAME} characters`)] : [];
}

/** Source: upstream validateCronJobSpec. */
export function validateCronJob({ spec }: CronJob): FieldError[] {
  if (!spec) return [required("spec.schedule")];
  return [
    ...(spec.schedule ? validateSchedule(spec.schedule, spec.timeZone) : [required("spec.schedule")]),
    ...nonNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds),
    ...(spec.timeZone === undefined ? [] : validateTimeZone(spec.timeZone, "spec.timeZone")),
    ...requiredOneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]),
    ...validateJobTemplate(spec.jobTemplate, "spec.jobTemplate"),
    ...nonNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit),
    ...nonNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit),
  ];
}

function validateSchedule(schedule: string, timeZone: string | undefined): FieldError[] {
  const path = "spec.schedule";
  const problem = scheduleProblem(schedule);
  const errors = problem === undefined ? [] : [invalid(path, schedule, problem)];
  if (!schedule.includes("TZ")) return errors;
  const detail =
    timeZone === undefined
      ? "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
      : "cannot use both timeZone field and TZ or CRON_TZ in schedule";
  return [...errors, invalid(path, schedule, detail)];
}

function validateTimeZone(timeZone: string, path: string): FieldError[] {
  if (timeZone === "") return [invalid(path, timeZone, "timeZone must be nil or non-empty string")];
  if (!/^[A-Za-z0-9._+-]{1,14}(?:\/[A-Za-z0-9._+-]{1,14})*$/.test(timeZone)) {
    return each(path, timeZone, [`unknown time zone ${timeZone}`]);
  }
  if (timeZone.toLowerCase() === "local") {
    const detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    return [invalid(path, timeZone, detail)];
  }
  return isTimeZone(timeZone) ? [] : [invalid(path, timeZone, `unknown time zone ${timeZone}`)];
}

/** Source: upstream ValidateJobTemplateSpec. */
function validateJobTemplate(template: JobTemplateSpec | undefined, path: string): FieldError[] {
  const spec = template?.spec;
  if (!spec) return [required(`${path}.spec`)];
  return [
    ...validateJobSpec(spec, `${path}.spec`),
    ...(spec.selector ? [invalid(`${path}.spec.selector`, spec.selector, "`selector` will be auto-generated")] : []),
    ...(spec.manualSelector ? [notSupported(`${path}.spec.manualSelector`, true, ["nil", "false"])] : []),
  ];
}
