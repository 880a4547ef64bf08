import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../generated/types.ts";
import { selectorOf, type LabelMatcher } from "./label-selector.ts";
import type { Operator } from "./requirement.ts";

const OPERATORS: Readonly<Record<string, Operator>> = {
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

/** Says whether a node is one of those that are meant. */
type NodeTest = (node: Node) => boolean;

/** One term as a test: undefined when nothing fits it, having no requirement or one that is not valid. */
export function compileNodeTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeTest | undefined {
  if (matchExpressions.length + matchFields.length === 0) return undefined;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  if (!labels || !fields) return undefined;
  return ({ metadata }) =>
    labels.matches(metadata.labels) && (fields.empty || fields.matches({ "metadata.name": metadata.name ?? "" }));
}

/** The selector as a test, for many nodes: one of its terms must hold (component-helpers nodeaffinity). */
export function compileNodeSelector({ nodeSelectorTerms }: NodeSelector): NodeTest {
  const terms = nodeSelectorTerms.map(compileNodeTerm).filter((test) => test !== undefined);
  return (node) => terms.some((test) => test(node));
}

/** Whether the node is one that the pod's `nodeSelector` and required node affinity allow. */
export function podAllowsNode({ spec }: Pod, node: Node): boolean {
  const { labels } = node.metadata;
  for (const [key, value] of Object.entries(spec?.nodeSelector ?? {})) if (labels?.[key] !== value) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required ? compileNodeSelector(required)(node) : true;
}
