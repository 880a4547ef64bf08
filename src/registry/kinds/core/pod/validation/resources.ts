import {
  isHugePages,
  isOvercommitAllowed,
  compareQuantities,
  dnsLabel,
  duplicate,
  forbidden,
  formatQuantity,
  invalid,
  isPodLevelResource,
  notSupported,
  parseQuantity,
  quantitySign,
  quantityValue,
  required,
  shown,
  type CoreV1ResourceClaim,
  type FieldError,
  type PodSpec,
  type Quantity,
  type ResourceRequirements,
} from "#objects";
import { each } from "../../../common/checks.ts";
import { quantity, quantityErrors } from "../../../common/quantities.ts";
import { containerResourceNameErrors } from "../../../common/resource-names.ts";
import { aggregateOf } from "../resource-defaults.ts";

type NameRule = (name: string, path: string) => FieldError[];

/** Source: upstream ValidateContainerResourceRequirements. */
export function validateContainerResources(
  resources: ResourceRequirements,
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  return validateRequirements(resources, (name, at) => containerResourceNameErrors(at, name), claims, path);
}

function validateRequirements(
  { limits = {}, requests = {}, claims: used = [] }: ResourceRequirements,
  nameRule: NameRule,
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(limits)) {
    errors.push(...validateAmount(name, value, nameRule, `${path}.limits[${name}]`));
  }
  for (const [name, value] of Object.entries(requests)) {
    errors.push(...validateAmount(name, value, nameRule, `${path}.requests[${name}]`));
    errors.push(...validateRequestWithinLimit(name, value, limits[name], path));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory")) {
    errors.push(forbidden(path, "HugePages require cpu or memory"));
  }
  return [...errors, ...validateClaimNames(used, claims, `${path}.claims`)];
}

function validateAmount(name: string, value: string, nameRule: NameRule, path: string): FieldError[] {
  return [...nameRule(name, path), ...quantityErrors(path, name, value), ...validateHugePages(name, value, path)];
}

function validateRequestWithinLimit(
  name: string,
  value: string,
  limitText: string | undefined,
  path: string,
): FieldError[] {
  if (limitText === undefined) {
    return isOvercommitAllowed(name)
      ? []
      : [required(`${path}.limits`, "Limit must be set for non overcommitable resources")];
  }
  const [request, limit] = [quantity(value), quantity(limitText)];
  if (!request || !limit) return [];
  const order = compareQuantities(request, limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    return [invalid(`${path}.requests`, value, `must be equal to ${name} limit of ${limitText}`)];
  }
  return order > 0
    ? [invalid(`${path}.requests`, value, `must be less than or equal to ${name} limit of ${limitText}`)]
    : [];
}

/** Huge pages come in whole pages: `hugepages-2Mi` in multiples of 2Mi. */
function validateHugePages(name: string, value: string, path: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const page = quantity(name.slice("hugepages-".length));
  const amount = quantity(value);
  if (!page || !amount) return [];
  const size = quantityValue(page);
  return quantitySign(page) > 0 && quantityValue(amount) % size === 0
    ? []
    : [invalid(path, value, `${value} is not positive integer multiple of ${name}`)];
}

/** Source: upstream validateResourceClaimNames. */
function validateClaimNames(
  used: readonly CoreV1ResourceClaim[],
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  /** Claims of which one request is used. */
  const partly = new Set<string>();
  return used.flatMap(({ name, request }, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(at));
    else if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      const key = request ? `${name}/${request}` : name;
      if (request) errors.push(...each(`${at}.request`, request, dnsLabel(request)));
      if (seen.has(key)) errors.push(duplicate(at, key));
      else if (!request && partly.has(name)) errors.push(duplicate(at, name));
      seen.add(key);
      if (request) partly.add(name);
    }
    if (!claims.has(name)) errors.push(unknownClaim(at, name, claims));
    return errors;
  });
}

function unknownClaim(field: string, name: string, claims: ReadonlySet<string>): FieldError {
  const known = claims.size === 0 ? " which is empty" : `: ${[...claims].toSorted().join(", ")}`;
  const detail = `must be one of the names in pod.spec.resourceClaims${known}`;
  return { type: "FieldValueNotFound", field, message: `Not found: ${shown(name)}: ${detail}` };
}

/** `spec.resources` of a pod. Source: upstream validatePodResources. */
export function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  return [
    ...(resources.claims ? [forbidden(`${path}.claims`, "claims cannot be set for Resources at pod-level")] : []),
    ...validateRequirements({ ...resources, claims: [] }, validatePodResourceName, new Set(), path),
    ...validatePodConsistency(spec, resources, path),
  ];
}

function validatePodResourceName(name: string, path: string): FieldError[] {
  return isPodLevelResource(name) ? [] : [notSupported(path, name, ["cpu", "hugepages-", "memory"])];
}

const ZERO = parseQuantity("0");

/** The pod's requests cover its containers', and no container may use more than the pod. */
function validatePodConsistency(spec: PodSpec, resources: ResourceRequirements, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, sum] of aggregateOf(spec, "requests")) {
    const own: Quantity = quantity(resources.requests?.[name]) ?? ZERO;
    if (compareQuantities(sum, own) <= 0 || !isPodLevelResource(name)) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`;
    errors.push(invalid(`${path}.requests[${name}]`, formatQuantity(own), detail));
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [name, value] of Object.entries(container.resources?.limits ?? {})) {
      const podLimit = resources.limits?.[name];
      const [limit, most] = [quantity(value), quantity(podLimit)];
      if (!limit || !most || compareQuantities(limit, most) <= 0) continue;
      const at = `${path}.containers[${i}][${name}].limits`;
      errors.push(invalid(at, value, `must be less than or equal to pod limits of ${podLimit}`));
    }
  }
  return errors;
}
