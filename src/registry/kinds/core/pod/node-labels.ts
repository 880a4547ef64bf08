import type { LabelSelector, NodeSelectorTerm } from "#objects";

const OLD_LABELS: Readonly<Record<string, readonly [since: string, instead: string]>> = {
  "beta.kubernetes.io/arch": ["v1.14", "kubernetes.io/arch"],
  "beta.kubernetes.io/os": ["v1.14", "kubernetes.io/os"],
  "failure-domain.beta.kubernetes.io/region": ["v1.17", "topology.kubernetes.io/region"],
  "failure-domain.beta.kubernetes.io/zone": ["v1.17", "topology.kubernetes.io/zone"],
  "beta.kubernetes.io/instance-type": ["v1.17", "node.kubernetes.io/instance-type"],
};

/** Says what took the place of an old label of nodes. Source: upstream pkg/api/node GetNodeLabelDeprecatedMessage. */
export function deprecatedNodeLabel(key: string): string | undefined {
  const old = Object.hasOwn(OLD_LABELS, key) ? OLD_LABELS[key] : undefined;
  return old && `deprecated since ${old[0]}; use ${JSON.stringify(old[1])} instead`;
}

/** Source: upstream GetWarningsForNodeSelectorTerm. */
export function nodeLabelsInTerm(
  { matchExpressions = [] }: Pick<NodeSelectorTerm | LabelSelector, "matchExpressions">,
  path: string,
): string[] {
  return matchExpressions.flatMap(({ key }, i) => {
    const old = deprecatedNodeLabel(key);
    return old ? [`${path}.matchExpressions[${i}].key: ${key} is ${old}`] : [];
  });
}

/** Source: upstream GetWarningsForNodeSelector. */
export function nodeLabelsInSelector(selector: LabelSelector | undefined, path: string): string[] {
  if (!selector) return [];
  const labels = Object.keys(selector.matchLabels ?? {}).flatMap((label) => {
    const old = deprecatedNodeLabel(label);
    return old ? [`${path}.matchLabels.${label}: ${old}`] : [];
  });
  return [...nodeLabelsInTerm(selector, path), ...labels];
}
