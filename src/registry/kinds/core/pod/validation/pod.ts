import { forbidden, required, type FieldError, type Pod } from "#objects";
import { validateAppArmorMatch, validatePodAnnotations, validateSeccompMatch } from "./annotations.ts";
import { validateTrimmedImage } from "./containers.ts";
import { validatePodSpec } from "./spec.ts";

/** A pod at any time, new or updated. Source: upstream validatePodMetadataAndSpec. */
export function validatePod({ metadata, spec }: Pod): FieldError[] {
  if (!spec) return [required("spec.containers")];
  return [
    ...validatePodAnnotations(metadata.annotations, spec, "metadata.annotations"),
    ...validatePodSpec(spec, "spec", { isPod: true, ...(metadata.name ? { podName: metadata.name } : {}) }),
    ...(spec.serviceAccountName ? [] : validateNoTokens(spec.volumes ?? [])),
    ...(spec.containers ?? []).flatMap((container, i) => validateTrimmedImage(container, `spec.containers[${i}]`)),
    ...(spec.initContainers ?? []).flatMap((container, i) =>
      validateTrimmedImage(container, `spec.initContainers[${i}]`),
    ),
  ];
}

/** Beside that, what a new pod may not have. Source: upstream ValidatePodCreate. */
export function validateNewPod({ metadata, spec }: Pod): FieldError[] {
  if (!spec) return [];
  return [
    ...(spec.ephemeralContainers?.length ? [forbidden("spec.ephemeralContainers", "cannot be set on create")] : []),
    ...(spec.nodeName && spec.schedulingGates?.length
      ? [forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")]
      : []),
    ...validateSeccompMatch(metadata.annotations, spec, "spec"),
    ...validateAppArmorMatch(metadata.annotations, spec, "spec"),
  ];
}

function validateNoTokens(volumes: NonNullable<Pod["spec"]>["volumes"]): FieldError[] {
  return (volumes ?? []).flatMap(({ projected }, i) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, j) =>
      serviceAccountToken
        ? [
            forbidden(
              `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
              "must not be specified when serviceAccountName is not set",
            ),
          ]
        : [],
    ),
  );
}
