import {
  selectorOf,
  type LabelMatcher,
  type Node,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type Pod,
} from "#objects";

/** Says whether a node is one of those that a pod wants. */
export interface NodeMatcher {
  /** Equal for equal demands. */
  readonly id: string;
  matches(node: Node): boolean;
  /** The only nodes that can match, by name, when the demand names them (as DaemonSets do). */
  readonly names: ReadonlySet<string> | undefined;
}

const OPERATORS: Readonly<Record<string, "in" | "notin" | "exists" | "!" | "gt" | "lt">> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
  Gt: "gt",
  Lt: "lt",
};

function compile(requirements: readonly NodeSelectorRequirement[]): LabelMatcher | undefined {
  const known = requirements.flatMap(({ key, operator, values = [] }) => {
    const name = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    return name ? [{ key, operator: name, values }] : [];
  });
  return known.length === requirements.length ? selectorOf(known) : undefined;
}

type Test = (node: Node) => boolean;

/** A term without any requirement matches nothing; one that is not valid neither. */
function compileTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): Test | undefined {
  if (matchExpressions.length + matchFields.length === 0) return undefined;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  if (!labels || !fields) return undefined;
  return ({ metadata }) =>
    labels.matches(metadata.labels) && (fields.empty || fields.matches({ "metadata.name": metadata.name ?? "" }));
}

/** The node selector as a test: one of its terms must hold. */
export function compileNodeSelector({ nodeSelectorTerms }: NodeSelector): Test {
  const terms = nodeSelectorTerms.map(compileTerm).filter((test) => test !== undefined);
  return (node) => terms.some((test) => test(node));
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
    const matches = weight === 0 ? undefined : compileTerm(preference);
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
    id: JSON.stringify([nodeSelector ?? {}, required ?? null]),
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
