import { jsonText, compileNodeSelector, compileNodeTerm, type Node, type NodeSelector, type Pod } from "#objects";

/** Says whether a node is one of those that a pod wants. */
export interface NodeMatcher {
  /** Equal for equal demands. */
  readonly id: string;
  matches(node: Node): boolean;
  /** The only nodes that can match, by name, when the demand names them (as DaemonSets do). */
  readonly names: ReadonlySet<string> | undefined;
}

/** One preference of a pod for nodes. */
export interface PreferredNodes {
  readonly weight: number;
  matches(node: Node): boolean;
}

/** The preferences; terms without requirements count for nothing. */
export function preferredNodes(pod: Pod): readonly PreferredNodes[] {
  const terms = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.flatMap(({ weight, preference }) => {
    const matches = weight === 0 ? undefined : compileNodeTerm(preference);
    return matches ? [{ weight, matches }] : [];
  });
}

/** `spec.nodeSelector` and the required node affinity together; undefined when the pod takes any node. */
export function requiredNodes(pod: Pod): NodeMatcher | undefined {
  const { nodeSelector, affinity } = pod.spec ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const pairs = Object.entries(nodeSelector ?? {});
  if (pairs.length === 0 && !required) return undefined;
  const inTerms = required && compileNodeSelector(required);
  return {
    id: jsonText([nodeSelector ?? {}, required ?? null]),
    names: required && namesOf(required),
    matches(node) {
      const { labels } = node.metadata;
      for (const [key, value] of pairs) if (labels?.[key] !== value) return false;
      return inTerms ? inTerms(node) : true;
    },
  };
}

/** The names that every term asks for by `matchFields`; undefined when a term does not. */
function namesOf({ nodeSelectorTerms }: NodeSelector): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of nodeSelectorTerms) {
    const exact = matchFields.filter(({ key, operator }) => key === "metadata.name" && operator === "In");
    if (exact.length === 0) return undefined;
    // Several requirements of one term must all hold.
    const [first, ...rest] = exact.map(({ values = [] }) => values);
    for (const name of first ?? []) if (rest.every((values) => values.includes(name))) names.add(name);
  }
  return nodeSelectorTerms.length > 0 ? names : undefined;
}
