import {
  invalid,
  isExtendedResource,
  isNativeResource,
  isStandardContainerResource,
  isStandardQuotaResource,
  qualifiedName,
  type FieldError,
} from "#objects";
import { each } from "./checks.ts";

const isStandardResource = (name: string): boolean => isStandardQuotaResource(name) || name === "storage";

/** Any resource: one of Kubernetes' own, or `example.com/gpu`. */
export function resourceNameErrors(field: string, name: string): FieldError[] {
  const errors = each(field, name, qualifiedName(name));
  if (errors.length > 0 || name.includes("/") || isStandardResource(name)) return errors;
  return [invalid(field, name, "must be a standard resource type or fully qualified")];
}

/** A resource that a container may ask for. */
export function containerResourceNameErrors(field: string, name: string): FieldError[] {
  const errors = resourceNameErrors(field, name);
  if (!name.includes("/")) {
    return isStandardContainerResource(name)
      ? errors
      : [...errors, invalid(field, name, "must be a standard resource for containers")];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return errors;
  return [...errors, invalid(field, name, "doesn't follow extended resource name standard")];
}

/** A resource that a ResourceQuota may limit. */
export function quotaResourceNameErrors(field: string, name: string): FieldError[] {
  const errors = resourceNameErrors(field, name);
  if (name.includes("/") || isStandardQuotaResource(name)) return errors;
  return [...errors, invalid(field, name, "must be a standard resource for quota")];
}
