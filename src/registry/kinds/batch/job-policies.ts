import {
  countIndexes,
  duplicate,
  invalid,
  qualifiedName,
  required,
  tooMany,
  type FieldError,
  type JobSpec,
  type PodFailurePolicyOnExitCodesRequirement,
  type PodFailurePolicyRule,
  type SuccessPolicyRule,
} from "#objects";
import { each, nonNegative, requiredOneOf } from "../common/checks.ts";

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_PATTERNS = 20;
const MAX_INDEXES_TEXT = 64 * 1024;
const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

/** Source: upstream pkg/apis/batch/validation validatePodFailurePolicy. */
export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  return [
    ...(rules.length > MAX_RULES ? [tooMany(`${path}.rules`, rules.length, MAX_RULES)] : []),
    ...rules.flatMap((rule, i) => validateRule(rule, spec, names, `${path}.rules[${i}]`)),
  ];
}

function validateRule(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors = action
    ? requiredOneOf(`${path}.action`, action, ACTIONS)
    : [required(`${path}.action`, `valid values: ${ACTIONS.map((name) => JSON.stringify(name)).join(", ")}`)];
  if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${path}.action`, action, "requires the backoffLimitPerIndex to be set"));
  }
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, containers, `${path}.onExitCodes`));
  if (onPodConditions.length > MAX_PATTERNS) {
    errors.push(tooMany(`${path}.onPodConditions`, onPodConditions.length, MAX_PATTERNS));
  }
  for (const [i, { type, status }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${i}]`;
    errors.push(...each(`${at}.type`, type, qualifiedName(type ?? "")));
    errors.push(...requiredOneOf(`${at}.status`, status, ["False", "True", "Unknown"]));
  }
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(invalid(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported"));
  } else if (!onExitCodes && onPodConditions.length === 0) {
    errors.push(invalid(path, rule, "specifying one of OnExitCodes and OnPodConditions is required"));
  }
  return errors;
}

function validateExitCodes(
  { operator, containerName, values: given }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const values = given ?? [];
  const errors = requiredOneOf(`${path}.operator`, operator, ["In", "NotIn"]);
  if (containerName !== undefined && !containers.has(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    errors.push(invalid(`${path}.containerName`, containerName, detail));
  }
  if (values.length === 0) errors.push(invalid(`${path}.values`, values, "at least one value is required"));
  if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${path}.values`, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  let isOrdered = true;
  for (const [i, value] of values.entries()) {
    if (operator === "In" && value === 0) {
      errors.push(invalid(`${path}.values[${i}]`, value, "must not be 0 for the In operator"));
    }
    if (seen.has(value)) errors.push(duplicate(`${path}.values[${i}]`, value));
    seen.add(value);
    if (i > 0 && values[i - 1]! > value) isOrdered = false;
  }
  if (!isOrdered) errors.push(invalid(`${path}.values`, values, "must be ordered"));
  return errors;
}

/** Source: upstream validateSuccessPolicy. */
export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  if (spec.completionMode !== "Indexed") {
    return [invalid(path, spec.successPolicy, "requires indexed completion mode")];
  }
  const rules = spec.successPolicy?.rules ?? [];
  return [
    ...(rules.length === 0
      ? [required(`${path}.rules`, "at least one rules must be specified in the success policy")]
      : []),
    ...(rules.length > MAX_RULES ? [tooMany(`${path}.rules`, rules.length, MAX_RULES)] : []),
    ...rules.flatMap((rule, i) => validateSuccessRule(rule, spec, `${path}.rules[${i}]`)),
  ];
}

function validateSuccessRule(rule: SuccessPolicyRule, { completions = 0 }: JobSpec, path: string): FieldError[] {
  const { succeededCount, succeededIndexes } = rule;
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let total = completions;
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (succeededIndexes.length > MAX_INDEXES_TEXT) errors.push(tooMany(at, succeededIndexes.length, MAX_INDEXES_TEXT));
    const count = countIndexes(succeededIndexes, completions);
    if (typeof count === "string")
      errors.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${count}`));
    else total = count;
  }
  if (succeededCount === undefined) return errors;
  const at = `${path}.succeededCount`;
  errors.push(...nonNegative(at, succeededCount));
  if (succeededCount > completions) {
    const detail = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.push(invalid(at, succeededCount, detail));
  } else if (succeededCount > total) {
    const detail = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    errors.push(invalid(at, succeededCount, detail));
  }
  return errors;
}
