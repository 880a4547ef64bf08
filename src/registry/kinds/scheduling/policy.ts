import { invalid, required, type FieldError, type V1alpha2PodGroupSchedulingPolicy } from "#objects";

/** Exactly one of the ways to schedule a group of pods. */
export function schedulingPolicyErrors(
  field: string,
  policy: V1alpha2PodGroupSchedulingPolicy | undefined,
): FieldError[] {
  const { basic, gang } = policy ?? {};
  if (basic !== undefined && gang !== undefined) {
    const detail = "exactly one of `basic`, `gang` is required, but multiple fields are set";
    return [invalid(field, "{`basic`, `gang`}", detail)];
  }
  if (gang) {
    if (!gang.minCount) return [required(`${field}.gang.minCount`)];
    return gang.minCount < 0 ? [invalid(`${field}.gang.minCount`, gang.minCount, "must be greater than 0")] : [];
  }
  return basic === undefined ? [invalid(field, "", "must specify one of: `basic`, `gang`")] : [];
}

export function schedulingPolicyName(policy: V1alpha2PodGroupSchedulingPolicy | undefined): string {
  if (policy?.gang) return "Gang";
  return policy?.basic === undefined ? "<none>" : "Basic";
}
