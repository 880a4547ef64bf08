import {
  isHugePages,
  canonicalQuantity,
  invalid,
  notSupported,
  qualifiedName,
  required,
  type FieldError,
  type ObjectFieldSelector,
  type ResourceFieldSelector,
} from "#objects";
import { each } from "../../../common/checks.ts";

/** Fields of a pod that an environment variable may take its value from. */
export const ENV_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

/** Fields of a pod that a file of a volume may take its content from. */
export const VOLUME_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.labels",
  "metadata.annotations",
  "metadata.uid",
];

/** What upstream knows as field labels for the downward API (pods.ConvertDownwardAPIFieldLabel). */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);

const SUBSCRIPT = /^(.*)\['(.*)'\]$/;

/** Source: upstream validateObjectFieldSelector. */
export function validateFieldRef(ref: ObjectFieldSelector, fields: readonly string[], path: string): FieldError[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`)];
  if (!ref.fieldPath) return [required(`${path}.fieldPath`)];
  if (ref.apiVersion !== "v1") {
    return [
      invalid(
        `${path}.fieldPath`,
        ref.fieldPath,
        `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`,
      ),
    ];
  }
  const match = SUBSCRIPT.exec(ref.fieldPath);
  if (match) {
    const [, field = "", key = ""] = match;
    if (field === "metadata.annotations") return each(path, key.toLowerCase(), qualifiedName(key.toLowerCase()));
    if (field === "metadata.labels") return each(path, key, qualifiedName(key));
    return [
      invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: field label not supported: ${field}`),
    ];
  }
  if (fields.includes(ref.fieldPath)) return [];
  return KNOWN_FIELDS.has(ref.fieldPath)
    ? [notSupported(`${path}.fieldPath`, ref.fieldPath, fields)]
    : [
        invalid(
          `${path}.fieldPath`,
          ref.fieldPath,
          `error converting fieldPath: field label not supported: ${ref.fieldPath}`,
        ),
      ];
}

const RESOURCES: readonly string[] = [
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
];

/** Source: upstream validateContainerResourceFieldSelector. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, inVolume: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (!ref.resource) errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(ref.resource) && !isHugePages(resourceName(ref.resource))) {
    errors.push(notSupported(`${path}.resource`, ref.resource, RESOURCES));
  }
  return [...errors, ...validateDivisor(ref, `${path}.divisor`)];
}

const SIZES = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

function validateDivisor({ resource, divisor }: ResourceFieldSelector, path: string): FieldError[] {
  const value = divisor === undefined ? "0" : canonicalQuantity(divisor);
  if (value === "0") return [];
  const name = resourceName(resource);
  if (name === "cpu") {
    return value === "1" || value === "1m"
      ? []
      : [invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
  }
  const what =
    name === "memory"
      ? "memory"
      : name === "ephemeral-storage"
        ? "local ephemeral storage"
        : isHugePages(name)
          ? "hugepages"
          : undefined;
  return what === undefined || SIZES.includes(value)
    ? []
    : [invalid(path, resource, `only divisor's values ${SIZES.join(", ")} are supported with the ${what} resource`)];
}

/** `cpu` of `limits.cpu`. */
function resourceName(resource: string): string {
  return /^(?:limits|requests)\./.test(resource) ? resource.slice(resource.indexOf(".") + 1) : "";
}
