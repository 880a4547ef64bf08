import { normalizeByMax, refusal, type FilterPlugin, type ScorePlugin } from "./plugin.ts";

const NO_MATCH = refusal("NodeAffinity", false, "node(s) didn't match Pod's node affinity/selector");

const CONFLICT = refusal("NodeAffinity", false, "pod affinity terms conflict");

/** `spec.nodeSelector` and required node affinity. */
export const nodeAffinityFilter: FilterPlugin = {
  name: "NodeAffinity",
  prepare({ requiredNodes }) {
    if (!requiredNodes) return undefined;
    // Each term asks for different nodes at once.
    if (requiredNodes.names?.size === 0) return { refusal: CONFLICT };
    return {
      ...(requiredNodes.names ? { only: requiredNodes.names } : {}),
      filter: ({ node }) => (node && requiredNodes.matches(node) ? undefined : NO_MATCH),
    };
  },
};

/** Preferred node affinity: the weights of the terms that match, added up. */
export const nodeAffinityScore: ScorePlugin = {
  name: "NodeAffinity",
  weight: 2,
  prepare({ preferredNodes }) {
    if (preferredNodes.length === 0) return undefined;
    return {
      score({ node }) {
        let sum = 0;
        for (const term of preferredNodes) if (node && term.matches(node)) sum += term.weight;
        return sum;
      },
      normalize: (scores) => normalizeByMax(scores, false),
    };
  },
};
