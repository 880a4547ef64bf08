import { invalid, pathSegmentName, type FieldError, type V2CrossVersionObjectReference } from "#objects";
import { present } from "../common/checks.ts";

/** Source: upstream pkg/apis/autoscaling/validation ValidateCrossVersionObjectReference. */
export function validateReference(reference: V2CrossVersionObjectReference | undefined, path: string): FieldError[] {
  const version = reference?.apiVersion ?? "";
  return [
    ...(version.split("/").length > 2
      ? [invalid(`${path}.apiVersion`, version, `unexpected GroupVersion string: ${version}`)]
      : []),
    ...present(`${path}.kind`, reference?.kind, pathSegmentName),
    ...present(`${path}.name`, reference?.name, pathSegmentName),
  ];
}
