import type { Draft, JobSpec } from "#objects";
import { defaultPodTemplate } from "../core/pod/defaults.ts";

const BACK_OFF_LIMIT = 6;
/** With a limit for each index there is none over all of them. */
const NO_BACK_OFF_LIMIT = 2 ** 31 - 1;

/** Source: upstream pkg/apis/batch/v1 SetDefaults_Job. */
export function defaultJobSpec(spec: Draft<JobSpec>): void {
  // Without either it is a job of one pod; with completions or parallelism alone the other says something by its absence.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACK_OFF_LIMIT : NO_BACK_OFF_LIMIT;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  defaultPodTemplate(spec.template);
}

/** Also in the templates of cron jobs. */
export function defaultPodPatterns(spec: Draft<JobSpec>): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
}
