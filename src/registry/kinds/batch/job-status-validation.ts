import { countIndexes, invalid, required, type FieldError, type Job, type JobStatus } from "#objects";
import { nonNegative, unchanged } from "../common/checks.ts";

const FIGURES = ["active", "succeeded", "failed", "ready", "terminating"] as const;

/** Source: upstream pkg/apis/batch/validation validateJobStatus, ValidateJobStatusUpdate. */
export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const status = job.status ?? {};
  const before = old.status ?? {};
  const has = (type: string, of: JobStatus = status) =>
    of.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  const finished = has("Complete") || has("Failed");
  const errors = FIGURES.flatMap((figure) => nonNegative(`status.${figure}`, status[figure]));
  if (has("Complete") && has("Failed")) {
    errors.push(invalid("status.conditions", status.conditions, "cannot set Complete=True and Failed=true conditions"));
  }
  if (has("Complete") && has("FailureTarget")) {
    const detail = "cannot set Complete=True and FailureTarget=true conditions";
    errors.push(invalid("status.conditions", status.conditions, detail));
  }
  for (const type of ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"]) {
    if (has(type, before) && !has(type)) {
      errors.push(invalid("status.conditions", status.conditions, `cannot disable the ${type}=True condition`));
    }
  }
  if (finished && (status.active ?? 0) > 0) {
    errors.push(invalid("status.active", status.active, "active>0 is invalid for finished job"));
  }
  if (finished && status.startTime === undefined) {
    errors.push(required("status.startTime", "startTime is required for finished job"));
  }
  if (has("Complete") && status.completionTime === undefined) {
    errors.push(required("status.completionTime", "completionTime is required for Complete jobs"));
  }
  if (!has("Complete") && status.completionTime !== undefined) {
    const detail = "completionTime cannot be set for non-complete jobs";
    errors.push(invalid("status.completionTime", status.completionTime, detail));
  }
  if (before.completionTime !== undefined) {
    errors.push(...unchanged("status.completionTime", status.completionTime, before.completionTime));
  }
  return [...errors, ...validateIndexes(job)];
}

function validateIndexes({ spec, status }: Job): FieldError[] {
  return (["completedIndexes", "failedIndexes"] as const).flatMap((field) => {
    const text = status?.[field];
    if (!text) return [];
    const path = `status.${field}`;
    if (spec?.completionMode !== "Indexed") {
      return [invalid(path, text, `cannot set non-empty ${field} when non-indexed completion mode`)];
    }
    const count = countIndexes(text, spec.completions ?? 0);
    return typeof count === "string" ? [invalid(path, text, `error parsing ${field}: ${count}`)] : [];
  });
}
