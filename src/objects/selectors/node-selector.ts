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

/** A term without any requirement matches nothing; one that is not valid neither. */
function termMatches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  if (!labels || !fields) return false;
  return labels.matches(node.metadata.labels) && fields.matches({ "metadata.name": node.metadata.name ?? "" });
}

/** Whether one of the selector's terms holds for the node (component-helpers nodeaffinity). */
export function nodeSelectorMatches({ nodeSelectorTerms }: NodeSelector, node: Node): boolean {
  return nodeSelectorTerms.some((term) => termMatches(term, node));
}

/** Whether the node is one that the pod's `nodeSelector` and required node affinity allow. */
export function podAllowsNode({ spec }: Pod, node: Node): boolean {
  const { labels } = node.metadata;
  for (const [key, value] of Object.entries(spec?.nodeSelector ?? {})) if (labels?.[key] !== value) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required ? nodeSelectorMatches(required, node) : true;
}
