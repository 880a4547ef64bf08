import { invalid, type FieldError, type NonResourceAttributes, type ResourceAttributes } from "#objects";

interface AccessSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

/** What is asked about: a resource or a path. */
export function accessErrors({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [invalid("spec.nonResourceAttributes", nonResourceAttributes, detail)];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    return [invalid("spec.resourceAttributes", null, detail)];
  }
  return [];
}

/** Who is asked about. */
export function subjectErrors({ user, groups }: { readonly user?: string; readonly groups?: readonly string[] }) {
  return user || groups?.length ? [] : [invalid("spec.user", "", "at least one of user or group must be specified")];
}
