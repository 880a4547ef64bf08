import {
  duplicate,
  forbidden,
  invalid,
  labelValue,
  notSupported,
  qualifiedName,
  required,
  validateLabelName,
  validateLabelSelector,
  type FieldError,
  type PodSchedulingGate,
  type Toleration,
  type TopologySpreadConstraint,
} from "#objects";
import { each, oneOf, optionalOneOf } from "../../../common/checks.ts";

const EFFECTS = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

/** Source: upstream ValidateTolerations. */
export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap(({ key, operator = "", value = "", effect = "", tolerationSeconds }, i) => {
    const at = `${path}[${i}]`;
    const errors = key ? validateLabelName(key, `${at}.key`) : [];
    if (!key && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${at}.operator`, operator, detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === "" || operator === "Equal") {
      const details = labelValue(value);
      if (details.length > 0) errors.push(invalid(`${at}.operator`, value, details.join(";")));
    } else if (operator === "Exists") {
      if (value) errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else {
      errors.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    }
    if (effect) errors.push(...oneOf(`${at}.effect`, effect, EFFECTS));
    return errors;
  });
}

/** Source: upstream validateSchedulingGates. */
export function validateSchedulingGates(gates: readonly PodSchedulingGate[], path: string): FieldError[] {
  const names = new Set<string>();
  return gates.flatMap(({ name }, i) => {
    const at = `${path}[${i}]`;
    const errors = each(at, name, qualifiedName(name ?? ""));
    if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    return errors;
  });
}

const NOT_POSITIVE = "must be greater than zero";
const NODE_POLICIES = ["Honor", "Ignore"];

/** Source: upstream validateTopologySpreadConstraints. */
export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  const identityOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint) =>
    `${whenUnsatisfiable}/${topologyKey}`;
  const last = new Map(constraints.map((constraint, i) => [identityOf(constraint), i]));
  return constraints.flatMap((constraint, i) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const at = `${path}[${i}]`;
    const repeated = last.get(identityOf(constraint))! > i;
    return [
      ...(maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew, NOT_POSITIVE)]),
      ...(topologyKey ? [] : [required(`${at}.topologyKey`, "can not be empty")]),
      ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]),
      ...(repeated
        ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)]
        : []),
      ...validateMinDomains(minDomains, whenUnsatisfiable, `${at}.minDomains`),
      ...optionalOneOf(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, NODE_POLICIES),
      ...optionalOneOf(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, NODE_POLICIES),
      ...validateMatchLabelKeys(constraint, `${at}.matchLabelKeys`),
      ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`),
    ];
  });
}

function validateMinDomains(minDomains: number | undefined, action: string, path: string): FieldError[] {
  if (minDomains === undefined) return [];
  const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
  return [
    ...(minDomains > 0 ? [] : [invalid(path, minDomains, NOT_POSITIVE)]),
    ...(action === "DoNotSchedule" ? [] : [invalid(path, minDomains, detail)]),
  ];
}

function validateMatchLabelKeys(
  { matchLabelKeys: keys = [], labelSelector }: TopologySpreadConstraint,
  path: string,
): FieldError[] {
  if (keys.length === 0) return [];
  const selected = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  return [
    ...(labelSelector ? [] : [forbidden(path, "must not be specified when labelSelector is not set")]),
    ...keys.flatMap((key, i) => [
      ...validateLabelName(key, `${path}[${i}]`),
      ...(selected.has(key) ? [invalid(`${path}[${i}]`, key, "exists in both matchLabelKeys and labelSelector")] : []),
    ]),
  ];
}
