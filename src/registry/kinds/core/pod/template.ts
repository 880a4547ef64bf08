import {
  compileLabelSelector,
  forbidden,
  invalid,
  notSupported,
  required,
  validateAnnotations,
  validateLabels,
  validateLabelSelector,
  type FieldError,
  type LabelSelector,
  type PodTemplateSpec,
} from "#objects";
import { validateAppArmorMatch, validatePodAnnotations, validateSeccompMatch } from "./validation/annotations.ts";
import { validatePodSpec } from "./validation/spec.ts";

/** What is wrong with the template of a workload, whatever its kind. Source: upstream ValidatePodTemplateSpec. */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (!template?.spec) return [required(`${path}.spec`)];
  const { metadata, spec } = template;
  const annotations = metadata?.annotations;
  return [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validatePodAnnotations(annotations, spec, `${path}.annotations`),
    ...validatePodSpec(spec, `${path}.spec`, { isPod: false }),
    ...validateSeccompMatch(annotations, spec, `${path}.spec`),
    ...validateAppArmorMatch(annotations, spec, `${path}.spec`),
    ...(spec.ephemeralContainers?.length
      ? [forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")]
      : []),
  ];
}

/** The selector of a workload: it must be there, select something and parse. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  path: string,
  emptyDetail: string,
): FieldError[] {
  if (!selector) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0;
  return isEmpty ? [...errors, invalid(path, selector, emptyDetail)] : errors;
}

/** The template's labels must meet the selector, or the workload would not own its pods. */
export function validateSelectorMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): FieldError[] {
  const matcher = tryCompile(selector);
  if (!matcher || matcher.requirements.length === 0) return [];
  const labels = template?.metadata?.labels;
  return matcher.matches(labels)
    ? []
    : [invalid(`${path}.metadata.labels`, labels, "`selector` does not match template `labels`")];
}

/** Templates of what runs for ever restart always and have no deadline. `kind` stands in the message. */
export function validateRunsForever(template: PodTemplateSpec | undefined, path: string, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  return [
    ...(restartPolicy === "Always"
      ? []
      : [notSupported(`${path}.spec.restartPolicy`, restartPolicy ?? "", ["Always"])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

function tryCompile(selector: LabelSelector | undefined) {
  try {
    return compileLabelSelector(selector);
  } catch {
    // What is wrong with it has been said about the selector itself.
    return undefined;
  }
}
