import {
  dnsLabel,
  forbidden,
  invalid,
  required,
  validateLabelName,
  validateLabelSelector,
  type Affinity,
  type FieldError,
  type LabelSelector,
  type NodeAffinity,
  type PodAffinity,
  type PodAffinityTerm,
} from "#objects";
import { each } from "../../../common/checks.ts";
import { nodeSelectorErrors, nodeTermErrors } from "../../../common/node-selector.ts";

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
    ...(selector ? nodeSelectorErrors(`${path}.${REQUIRED}`, selector) : []),
    ...(affinity[PREFERRED] ?? []).flatMap(({ weight, preference }, i) => [
      ...validateWeight(weight, `${path}.${PREFERRED}[${i}].weight`),
      ...nodeTermErrors(`${path}.${PREFERRED}[${i}].preference`, preference, { anyValues: true }),
    ]),
  ];
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
  const mismatching = new Set(mismatchLabelKeys);
  return [
    ...validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateLabelKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
    ...validateKeysOnce(matchLabelKeys, labelSelector, path),
    ...matchLabelKeys.flatMap((key, i) =>
      mismatching.has(key)
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
  const indexes = new Map(keys.map((key, i) => [key, i] as const).toReversed());
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = indexes.get(key);
    if (index !== undefined && seen.has(key)) {
      errors.push(invalid(`${path}[${index}]`, key, "exists in both matchLabelKeys and labelSelector"));
    }
    seen.add(key);
  }
  return errors;
}
