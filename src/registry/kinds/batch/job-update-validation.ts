import { invalid, type FieldError, type Job, type JobSpec, type PodTemplateSpec } from "#objects";
import { unchanged } from "../common/checks.ts";
import { semanticEqual } from "../common/equal.ts";

/** What an update may not change. Source: upstream pkg/apis/batch/validation ValidateJobSpecUpdate. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const [spec, oldSpec] = [job.spec, old.spec];
  if (!spec || !oldSpec) return [];
  return [
    ...validateCompletions(spec, oldSpec),
    ...unchanged("spec.selector", spec.selector, oldSpec.selector),
    ...validateTemplateUpdate(spec, old),
    ...unchanged("spec.completionMode", spec.completionMode, oldSpec.completionMode),
    ...unchanged("spec.podFailurePolicy", spec.podFailurePolicy, oldSpec.podFailurePolicy),
    ...unchanged("spec.backoffLimitPerIndex", spec.backoffLimitPerIndex, oldSpec.backoffLimitPerIndex),
    ...unchanged("spec.managedBy", spec.managedBy, oldSpec.managedBy),
    ...unchanged("spec.successPolicy", spec.successPolicy, oldSpec.successPolicy),
  ];
}

/** An indexed job may grow and shrink, all of its pods at once. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const path = "spec.completions";
  if (spec.completionMode !== "Indexed" || old.completionMode !== "Indexed") {
    return unchanged(path, spec.completions, old.completions);
  }
  if (spec.completions === old.completions || spec.completions === undefined) {
    return unchanged(path, spec.completions, old.completions);
  }
  return spec.completions === spec.parallelism
    ? []
    : [invalid(path, spec.completions, "can only be modified in tandem with spec.parallelism")];
}

/** While a job is suspended and has not started, where its pods go may still be changed. */
function validateTemplateUpdate({ template }: JobSpec, { spec, status }: Job): FieldError[] {
  const old = spec?.template;
  const isOpen = (spec?.suspend ?? false) && status?.startTime === undefined;
  const expected = isOpen && old ? withDirectivesOf(old, template) : old;
  return semanticEqual(template, expected) ? [] : [invalid("spec.template", template, "field is immutable")];
}

/** The old template with the scheduling directives of the new one. */
function withDirectivesOf(old: PodTemplateSpec, updated: PodTemplateSpec): PodTemplateSpec {
  const { affinity, nodeSelector, tolerations, schedulingGates } = updated.spec ?? {};
  const { nodeAffinity: _old, ...oldAffinity } = old.spec?.affinity ?? {};
  const nodeAffinity = affinity?.nodeAffinity;
  return {
    metadata: { ...old.metadata, labels: updated.metadata?.labels, annotations: updated.metadata?.annotations },
    spec: {
      ...old.spec,
      affinity: { ...oldAffinity, ...(nodeAffinity ? { nodeAffinity } : {}) },
      nodeSelector,
      tolerations,
      schedulingGates,
    },
  } as PodTemplateSpec;
}
