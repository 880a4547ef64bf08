import {
  type Int64,
  dnsLabel,
  dnsSubdomain,
  duplicate,
  invalid,
  required,
  tooLong,
  tooMany,
  type DeviceClaim,
  type DeviceRequest,
  type DeviceSelector,
  type Draft,
  type FieldError,
  type ResourceClaimSpec,
} from "#objects";
import { present, requiredOneOf } from "../common/checks.ts";
import { repeats } from "../common/repeats.ts";

const MAX_REQUESTS = 32;
const MAX_SELECTORS = 32;
const MAX_EXPRESSION = 10 * 1024;

interface Amount {
  readonly deviceClassName?: string;
  readonly selectors?: readonly DeviceSelector[];
  readonly allocationMode?: string;
  readonly count?: Int64;
}

/** One device of the class, unless something else is said. */
export function applyClaimDefaults(spec: Draft<ResourceClaimSpec> | undefined): void {
  for (const request of spec?.devices?.requests ?? []) {
    for (const amount of [request.exactly, ...(request.firstAvailable ?? [])]) {
      if (!amount) continue;
      amount.allocationMode ||= "ExactCount";
      if (amount.allocationMode === "ExactCount") amount.count ||= 1;
      for (const toleration of amount.tolerations ?? []) toleration.operator ||= "Equal";
    }
  }
}

export function selectorErrors(field: string, selectors: readonly DeviceSelector[] = []): FieldError[] {
  if (selectors.length > MAX_SELECTORS) return [tooMany(field, selectors.length, MAX_SELECTORS)];
  return selectors.flatMap(({ cel }, i) => {
    if (!cel) return [required(`${field}[${i}].cel`)];
    const path = `${field}[${i}].cel.expression`;
    if (!cel.expression) return [required(path)];
    return cel.expression.length > MAX_EXPRESSION ? [tooLong(path, cel.expression, MAX_EXPRESSION)] : [];
  });
}

function amountErrors(field: string, { deviceClassName, selectors, allocationMode, count = 0 }: Amount): FieldError[] {
  const errors = [
    ...present(`${field}.deviceClassName`, deviceClassName, (name) => dnsSubdomain(name)),
    ...selectorErrors(`${field}.selectors`, selectors),
    ...requiredOneOf(`${field}.allocationMode`, allocationMode, ["All", "ExactCount"]),
  ];
  if (allocationMode === "All" && count !== 0) {
    const detail = "must not be specified when allocationMode is 'All'";
    errors.push(invalid(`${field}.count`, count, detail));
  }
  if (allocationMode === "ExactCount" && count <= 0) {
    errors.push(invalid(`${field}.count`, count, "must be greater than zero"));
  }
  return errors;
}

function requestErrors(field: string, { name, exactly, firstAvailable = [] }: DeviceRequest): FieldError[] {
  const errors = present(`${field}.name`, name, (value) => dnsLabel(value));
  const alternatives = firstAvailable.length > 0;
  if (exactly && alternatives) {
    return [...errors, invalid(field, name, "exactly one of `exactly` or `firstAvailable` must be specified")];
  }
  if (exactly) return [...errors, ...amountErrors(`${field}.exactly`, exactly)];
  if (!alternatives) {
    return [...errors, required(field, "exactly one of `exactly` or `firstAvailable` is required")];
  }
  for (const [i, option] of firstAvailable.entries()) {
    const path = `${field}.firstAvailable[${i}]`;
    errors.push(...present(`${path}.name`, option.name, (value) => dnsLabel(value)), ...amountErrors(path, option));
  }
  return errors;
}

/** Every name by which constraints and configurations may speak of a request. */
const requestNames = ({ requests = [] }: DeviceClaim): Set<string> =>
  new Set(
    requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((sub) => `${name}/${sub.name}`)]),
  );

function referenceErrors(field: string, names: readonly string[] = [], known: ReadonlySet<string>): FieldError[] {
  const detail =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  return names.flatMap((name, i) => (known.has(name) ? [] : [invalid(`${field}[${i}]`, name, detail)]));
}

export function claimSpecErrors(field: string, spec: ResourceClaimSpec | undefined): FieldError[] {
  const devices = spec?.devices;
  if (!devices) return [];
  const { requests = [], constraints = [], config = [] } = devices;
  const path = `${field}.devices`;
  const known = requestNames(devices);
  const errors: FieldError[] = [];
  if (requests.length > MAX_REQUESTS) errors.push(tooMany(`${path}.requests`, requests.length, MAX_REQUESTS));
  const repeated = repeats(requests.map(({ name }) => name));
  for (const [i, request] of requests.entries()) {
    errors.push(...requestErrors(`${path}.requests[${i}]`, request));
    if (repeated[i]) errors.push(duplicate(`${path}.requests[${i}].name`, request.name));
  }
  for (const [i, constraint] of constraints.entries()) {
    const at = `${path}.constraints[${i}]`;
    errors.push(...referenceErrors(`${at}.requests`, constraint.requests, known));
    if (!constraint.matchAttribute && !constraint.distinctAttribute) {
      errors.push(required(`${at}.matchAttribute`));
    }
  }
  for (const [i, { requests: names, opaque }] of config.entries()) {
    const at = `${path}.config[${i}]`;
    errors.push(...referenceErrors(`${at}.requests`, names, known));
    errors.push(...(opaque ? present(`${at}.opaque.driver`, opaque.driver) : [required(`${at}.opaque`)]));
  }
  return errors;
}
