import {
  compareQuantities,
  invalid,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  type FieldError,
  type Quantity,
} from "#objects";

const ZERO = quantityOf(0);

/** Resources of which there are only whole ones (core helper IsIntegerResourceName). */
const INTEGER = new Set([
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);

/** The amount, or undefined when it cannot be read; the decoder has refused such ones by then. */
export function quantity(value: string | undefined): Quantity | undefined {
  if (value === undefined) return undefined;
  try {
    return parseQuantity(value);
  } catch {
    return undefined;
  }
}

/** A resource of somebody's own: `example.com/gpu`, neither kubernetes.io's nor a quota of one. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return name.includes("/");
}

export const isNativeResource = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");
export const isHugePages = (name: string): boolean => name.startsWith("hugepages-");

/** Whether limits may exceed requests (core helper IsOvercommitAllowed). */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

/** What is wrong with an amount of a resource (core validation ValidateResourceQuantityValue). */
export function quantityErrors(field: string, resource: string, value: string): FieldError[] {
  const amount = quantity(value);
  if (!amount) {
    return [
      invalid(
        field,
        value,
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      ),
    ];
  }
  const errors: FieldError[] = [];
  if (compareQuantities(amount, ZERO) < 0) errors.push(invalid(field, value, "must be greater than or equal to 0"));
  if ((INTEGER.has(resource) || isExtendedResource(resource)) && quantityMilliValue(amount) % 1000 !== 0) {
    errors.push(invalid(field, value, "must be an integer"));
  }
  return errors;
}
