import {
  forbidden,
  required,
  validateAnnotations,
  validateLabels,
  type FieldError,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeClaimTemplate,
} from "#objects";
import { optionalOneOf } from "../../../common/checks.ts";
import { quantityErrors } from "../../../common/quantities.ts";
import { accessModeErrors, VOLUME_MODES } from "../../../common/volumes.ts";

/** The claim that is made for an ephemeral volume. Source: upstream ValidatePersistentVolumeClaimTemplate. */
export function validateClaimTemplate(
  { metadata = {}, spec }: PersistentVolumeClaimTemplate,
  path: string,
): FieldError[] {
  const others = Object.entries(metadata).filter(
    ([field, value]) => field !== "labels" && field !== "annotations" && value !== undefined,
  );
  return [
    ...validateAnnotations(metadata.annotations, `${path}.metadata.annotations`),
    ...validateLabels(metadata.labels, `${path}.metadata.labels`),
    ...others.map(([field]) => forbidden(`${path}.metadata.${field}`, "cannot be set")),
    ...validateClaimSpec(spec, `${path}.spec`),
  ];
}

function validateClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string): FieldError[] {
  const modes = spec?.accessModes ?? [];
  const storage = spec?.resources?.requests?.["storage"];
  return [
    ...(modes.length === 0 ? [required(`${path}.accessModes`, "at least 1 access mode is required")] : []),
    ...accessModeErrors(`${path}.accessModes`, modes),
    ...(storage === undefined
      ? [required(`${path}.resources[storage]`)]
      : quantityErrors(`${path}.resources[storage]`, "storage", storage)),
    ...optionalOneOf(`${path}.volumeMode`, spec?.volumeMode, VOLUME_MODES),
  ];
}
