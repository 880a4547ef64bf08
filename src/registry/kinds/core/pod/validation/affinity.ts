import {
  dnsLabel,
  dnsSubdomain,
  forbidden,
  invalid,
  labelValue,
  required,
  validateLabelName,
  validateLabelSelector,
  type Affinity,
  type FieldError,
  type LabelSelector,
  type NodeAffinity,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type PodAffinity,
  type PodAffinityTerm,
} from "#objects";
import { each } from "../../../common/checks.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

/** Source: upstream validateAffinity. */
export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  return [
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(podAffinity ? validatePodAffinity(podAffinity, `${path}.podAffinity`) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ];
}

function validateNodeAffinity(affinity: NodeAffinity, path: string): FieldError[] {
  const selector = affinity[REQUIRED];
  return [
    ...(selector ? validateNodeSelector(selector, `${path}.${REQUIRED}`) : []),
    ...(affinity[PREFERRED] ?? []).flatMap(({ weight, preference }, i) => [
      ...validateWeight(weight, `${path}.${PREFERRED}[${i}].weight`),
      ...validateNodeSelectorTerm(preference, true, `${path}.${PREFERRED}[${i}].preference`),
    ]),
  ];
}

/** Source: upstream ValidateNodeSelector. */
export function validateNodeSelector({ nodeSelectorTerms: terms }: NodeSelector, path: string): FieldError[] {
  return terms?.length
    ? terms.flatMap((term, i) => validateNodeSelectorTerm(term, false, `${path}.nodeSelectorTerms[${i}]`))
    : [required(`${path}.nodeSelectorTerms`, "must have at least one node selector term")];
}

function validateNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  anyValues: boolean,
  path: string,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((expression, i) =>
      validateNodeExpression(expression, anyValues, `${path}.matchExpressions[${i}]`),
    ),
    ...matchFields.flatMap((expression, i) => validateNodeField(expression, `${path}.matchFields[${i}]`)),
  ];
}

function validateNodeExpression(
  { key, operator, values = [] }: NodeSelectorRequirement,
  anyValues: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.values`;
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      errors.push(forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) {
      errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    }
  } else {
    errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  }
  return [
    ...errors,
    ...validateLabelName(key ?? "", `${path}.key`),
    ...(anyValues ? [] : values.flatMap((value, i) => each(`${at}[${i}]`, value, labelValue(value)))),
  ];
}

function validateNodeField({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${path}.values`, detail));
  }
  if (key !== "metadata.name") {
    return [...errors, invalid(`${path}.key`, key, "not a valid field selector key")];
  }
  return [...errors, ...values.flatMap((value, i) => each(`${path}.values[${i}]`, value, dnsSubdomain(value)))];
}

function validatePodAffinity(affinity: PodAffinity, path: string): FieldError[] {
  return [
    ...(affinity[REQUIRED] ?? []).flatMap((term, i) => validatePodTerm(term, `${path}.${REQUIRED}[${i}]`)),
    ...(affinity[PREFERRED] ?? []).flatMap(({ weight, podAffinityTerm }, i) => [
      ...validateWeight(weight, `${path}.${PREFERRED}[${i}].weight`),
      ...validatePodTerm(podAffinityTerm, `${path}.${PREFERRED}[${i}].podAffinityTerm`),
    ]),
  ];
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalid(path, weight, "must be in the range 1-100")];
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey } = term;
  return [
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((namespace) => each(`${path}.namespace`, namespace, dnsLabel(namespace))),
    ...validateKeys(term, path),
    ...(topologyKey ? [] : [required(`${path}.topologyKey`, "can not be empty")]),
    ...validateLabelName(topologyKey ?? "", `${path}.topologyKey`),
  ];
}

/** Source: upstream validateMatchLabelKeysAndMismatchLabelKeys. */
function validateKeys(term: PodAffinityTerm, path: string): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  return [
    ...validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateLabelKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
    ...validateKeysOnce(matchLabelKeys, labelSelector, path),
    ...matchLabelKeys.flatMap((key, i) =>
      mismatchLabelKeys.includes(key)
        ? [invalid(`${path}.matchLabelKeys[${i}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")]
        : [],
    ),
  ];
}

function validateLabelKeys(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  if (keys.length === 0) return [];
  if (!selector) return [forbidden(path, "must not be specified when labelSelector is not set")];
  return keys.flatMap((key, i) => validateLabelName(key, `${path}[${i}]`));
}

/** The selector holds an expression for each key by now, made on creation; another one is the user's. */
function validateKeysOnce(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  const errors: FieldError[] = [];
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = keys.indexOf(key);
    if (index >= 0 && seen.has(key)) {
      errors.push(invalid(`${path}[${index}]`, key, "exists in both matchLabelKeys and labelSelector"));
    }
    seen.add(key);
  }
  return errors;
}
