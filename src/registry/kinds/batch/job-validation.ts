import {
  invalid,
  notSupported,
  required,
  tooLong,
  validateLabelSelector,
  byteLength,
  type FieldError,
  type Job,
  type JobSpec,
} from "#objects";
import { nonNegative } from "../common/checks.ts";
import { domainPrefixedPathErrors } from "../common/names.ts";
import { validateSelectorMatches, validateTemplate } from "../core/pod/template.ts";
import { validatePodFailurePolicy, validateSuccessPolicy } from "./job-policies.ts";
import { validateGeneratedSelector } from "./job-selector.ts";

const MAX_INDEXED = 100_000;
const MAX_INDEXED_LARGE = 10_000;

/** Source: upstream pkg/apis/batch/validation ValidateJob. */
export function validateJob(job: Job): FieldError[] {
  const { spec } = job;
  if (!spec) return [required("spec.template.spec.containers")];
  return [
    ...validateGeneratedSelector(job),
    ...validateJobSpec(spec, "spec"),
    ...(spec.selector ? validateLabelSelector(spec.selector, "spec.selector") : [required("spec.selector")]),
    ...validateSelectorMatches(spec.selector, spec.template, "spec.template"),
  ];
}

/** What holds for jobs and for the templates of cron jobs. Source: upstream validateJobSpec. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  return [
    ...nonNegative(`${path}.parallelism`, spec.parallelism),
    ...nonNegative(`${path}.completions`, spec.completions),
    ...nonNegative(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...nonNegative(`${path}.backoffLimit`, spec.backoffLimit),
    ...nonNegative(`${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...nonNegative(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
    ...nonNegative(`${path}.maxFailedIndexes`, spec.maxFailedIndexes),
    ...(spec.managedBy === undefined ? [] : validateManagedBy(spec.managedBy, `${path}.managedBy`)),
    ...validateCompletionMode(spec, path),
    ...(spec.podFailurePolicy ? validatePodFailurePolicy(spec, `${path}.podFailurePolicy`) : []),
    ...(spec.successPolicy ? validateSuccessPolicy(spec, `${path}.successPolicy`) : []),
    ...validateReplacementPolicy(spec, `${path}.podReplacementPolicy`),
    ...validateTemplate(spec.template, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

const MAX_MANAGED_BY = 63;

/** `domain/path`. */
function validateManagedBy(value: string, path: string): FieldError[] {
  const errors = domainPrefixedPathErrors(path, value);
  return byteLength(value) > MAX_MANAGED_BY ? [...errors, tooLong(path, "", MAX_MANAGED_BY)] : errors;
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  if (completionMode !== undefined && completionMode !== "NonIndexed" && completionMode !== "Indexed") {
    errors.push(notSupported(`${path}.completionMode`, completionMode, ["NonIndexed", "Indexed"]));
  }
  if (completionMode === "Indexed") errors.push(...validateIndexed(spec, path));
  else {
    const detail = "requires indexed completion mode";
    if (backoffLimitPerIndex !== undefined) {
      errors.push(invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, detail));
    }
    if (maxFailedIndexes !== undefined) errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, detail));
  }
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  }
  return errors;
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const errors: FieldError[] = [];
  if (completions === undefined) errors.push(required(`${path}.completions`, "when completion mode is Indexed"));
  if (parallelism > MAX_INDEXED) {
    const detail = `must be less than or equal to ${MAX_INDEXED} when completion mode is Indexed`;
    errors.push(invalid(`${path}.parallelism`, parallelism, detail));
  }
  if (maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions) {
    errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, "must be less than or equal to completions"));
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MAX_INDEXED) {
    errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, `must be less than or equal to ${MAX_INDEXED}`));
  }
  if ((completions ?? 0) <= MAX_INDEXED || backoffLimitPerIndex === undefined) return errors;
  const used = `must be less than or equal to ${MAX_INDEXED_LARGE} when completions are above ${MAX_INDEXED} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) {
    errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MAX_INDEXED}`));
  } else if (maxFailedIndexes > MAX_INDEXED_LARGE) {
    errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, used));
  }
  if (parallelism > MAX_INDEXED_LARGE) errors.push(invalid(`${path}.parallelism`, parallelism, used));
  return errors;
}

function validateReplacementPolicy(
  { podReplacementPolicy: policy, podFailurePolicy }: JobSpec,
  path: string,
): FieldError[] {
  if (policy === undefined) return [];
  const supported = podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  return supported.includes(policy) ? [] : [notSupported(path, policy, supported)];
}

function validateRestartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? "";
  if (policy !== "OnFailure" && policy !== "Never") {
    return [required(path, 'valid values: "OnFailure", "Never"')];
  }
  const only = (field: string) => invalid(path, policy, `only "Never" is supported when ${field} is specified`);
  if (policy === "Never") return [];
  return [
    ...(spec.podFailurePolicy ? [only("podFailurePolicy")] : []),
    ...(spec.backoffLimitPerIndex === undefined ? [] : [only("backoffLimitPerIndex")]),
  ];
}
