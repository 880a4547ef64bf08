import { invalid, qualifiedName, type FieldError } from "#objects";
import { each } from "./checks.ts";
import { isExtendedResource, isHugePages, isNativeResource } from "./quantities.ts";

const COMPUTE = ["cpu", "memory", "ephemeral-storage"];
const COUNTED = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
];

const QUOTA = new Set([
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
  "requests.storage",
  ...COUNTED,
]);

const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith("requests.hugepages-");

/** A name without a prefix that a ResourceQuota may count. */
export const isStandardQuotaResource = (name: string): boolean => QUOTA.has(name) || isQuotaHugePages(name);

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
    const standard = COMPUTE.includes(name) || isHugePages(name);
    return standard ? errors : [...errors, invalid(field, name, "must be a standard resource for containers")];
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
