/** Kinds of resources, by their names (upstream pkg/apis/core/helper). */

/** Objects that a quota counts. */
export const COUNTED_OBJECTS: readonly string[] = [
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

const COMPUTE: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

const QUOTA: ReadonlySet<string> = new Set([
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
  "requests.storage",
  ...COUNTED_OBJECTS,
]);

/** A resource of another vendor: `example.com/gpu`, neither kubernetes.io's nor a quota of one. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith("requests.") && name.includes("/");

/** A resource of Kubernetes' own: without a prefix, or of a domain in kubernetes.io. */
export const isNativeResource = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");

/** `hugepages-2Mi` */
export const isHugePages = (name: string): boolean => name.startsWith("hugepages-");

/** Whether limits may exceed requests. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

/** Resources of which there are only whole ones. */
export const isCountedWhole = (name: string): boolean => COUNTED_OBJECTS.includes(name) || isExtendedResource(name);

/** What a container may ask for without a vendor's prefix. */
export const isStandardContainerResource = (name: string): boolean => COMPUTE.includes(name) || isHugePages(name);

/** A name without a prefix that a ResourceQuota may limit. */
export const isStandardQuotaResource = (name: string): boolean =>
  QUOTA.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
