import { compileLabelSelector, invalid, required, type Draft, type FieldError, type Job } from "#objects";

const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
const JOB_NAME = "batch.kubernetes.io/job-name";

/** The labels that tie pods to their job, with the names they had before 1.27. */
const generatedLabels = ({ uid = "", name = "" }: Job["metadata"]): Readonly<Record<string, string>> => ({
  "controller-uid": uid,
  "job-name": name,
  [CONTROLLER_UID]: uid,
  [JOB_NAME]: name,
});

/**
 * Gives the job a selector that no other job has, and its template the labels for it. What the user set already
 * stays; validation says so when it does not fit. Source: upstream pkg/registry/batch/job generateSelector.
 */
export function generateSelector({ metadata, spec }: Draft<Job>): void {
  if (!spec?.template) return;
  spec.template.metadata ??= {};
  spec.template.metadata.labels = { ...generatedLabels(metadata as Job["metadata"]), ...spec.template.metadata.labels };
  spec.selector ??= {};
  spec.selector.matchLabels = { [CONTROLLER_UID]: metadata.uid ?? "", ...spec.selector.matchLabels };
}

/** Source: upstream pkg/apis/batch/validation ValidateGeneratedSelector. */
export function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (!spec || spec.manualSelector || !spec.selector) return [];
  const errors: FieldError[] = metadata.uid ? [] : [required("metadata.uid")];
  const labels = spec.template.metadata?.labels;
  const expected = generatedLabels(metadata);
  for (const [key, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${key}]`;
    const detail = `must be '${value}'`;
    if (labels?.[key] === undefined) errors.push(required(path, detail));
    else if (labels[key] !== value) errors.push(invalid(path, labels, detail));
  }
  try {
    if (!compileLabelSelector(spec.selector).matches(expected)) {
      errors.push(invalid("spec.selector", spec.selector, "`selector` not auto-generated"));
    }
  } catch {
    // What is wrong with the selector itself is said elsewhere.
  }
  return errors;
}
