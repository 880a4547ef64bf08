import { invalid, pathSegmentName, type FieldError, type V2CrossVersionObjectReference } from "#objects";
import { present } from "../common/checks.ts";

/** The kind and the name. Source: upstream pkg/apis/autoscaling/validation ValidateCrossVersionObjectReference. */
export function validateReference(reference: V2CrossVersionObjectReference | undefined, path: string): FieldError[] {
  return [
    ...present(`${path}.kind`, reference?.kind, pathSegmentName),
    ...present(`${path}.name`, reference?.name, pathSegmentName),
  ];
}

/** The API version. Source: upstream ValidateAPIVersion. */
export function validateVersion(
  reference: V2CrossVersionObjectReference | undefined,
  path: string,
  mayBeCore: boolean,
): FieldError[] {
  const version = reference?.apiVersion ?? "";
  const wrong = (detail: string) => [invalid(`${path}.apiVersion`, version, detail)];
  const [group = "", ...rest] = version.split("/");
  if (rest.length > 1) return wrong(`unexpected GroupVersion string: ${version}`);
  return !mayBeCore && (rest.length === 0 || group === "") ? wrong("apiVersion must specify API group") : [];
}
