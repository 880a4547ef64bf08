import { compileLabelSelector, NOTHING, type LabelMatcher, type Pod } from "#objects";
import { withLabelKeys } from "./affinity-terms.ts";

/** A topology spread constraint of a pod, ready to use. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** At least 1. */
  readonly minDomains: number;
  readonly hard: boolean;
  readonly selector: LabelMatcher;
  /** Only nodes that the pod's node selector and affinity allow count. */
  readonly honorAffinity: boolean;
  /** Only nodes whose taints the pod tolerates count. */
  readonly honorTaints: boolean;
}

/** Compiles `spec.topologySpreadConstraints`. */
export function spreadConstraints(pod: Pod): readonly SpreadConstraint[] {
  const constraints = pod.spec?.topologySpreadConstraints;
  if (!constraints?.length) return [];
  return constraints.map((constraint) => ({
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    hard: constraint.whenUnsatisfiable === "DoNotSchedule",
    selector: withLabelKeys(
      constraint.labelSelector ? compileLabelSelector(constraint.labelSelector) : NOTHING,
      pod,
      constraint.matchLabelKeys,
    ),
    honorAffinity: (constraint.nodeAffinityPolicy ?? "Honor") === "Honor",
    honorTaints: constraint.nodeTaintsPolicy === "Honor",
  }));
}

const soft = (topologyKey: string, maxSkew: number, selector: LabelMatcher): SpreadConstraint => ({
  topologyKey,
  maxSkew,
  minDomains: 1,
  hard: false,
  selector,
  honorAffinity: true,
  honorTaints: false,
});

/** What holds for pods without constraints of their own (upstream podtopologyspread systemDefaultConstraints). */
export function systemDefaultConstraints(selector: LabelMatcher): readonly SpreadConstraint[] {
  return [soft("kubernetes.io/hostname", 3, selector), soft("topology.kubernetes.io/zone", 5, selector)];
}
