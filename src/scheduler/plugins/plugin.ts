import type { PodInfo } from "../model/pod-info.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { ClusterView } from "../snapshot/snapshot.ts";

/** Why a node cannot take a pod. Made once and shared wherever possible. */
export interface Refusal {
  /** Which plugin refuses: it decides which later events can help. */
  readonly plugin: string;
  /** In upstream's words; each is counted over the nodes. */
  readonly reasons: readonly string[];
  /** Whether taking pods off the node could help (upstream Unschedulable); not: UnschedulableAndUnresolvable. */
  readonly resolvable: boolean;
}

export type NodeFilter = (node: NodeInfo) => Refusal | undefined;

/** What a filter finds about a pod before it looks at any node. */
export interface PreparedFilter {
  /** No node can take the pod: the rest need not be asked. */
  readonly refusal?: Refusal;
  /** The only nodes worth asking, by name. */
  readonly only?: ReadonlySet<string>;
  readonly filter?: NodeFilter;
}

/**
 * Says which nodes can take a pod. `prepare` is called for each pod, and again whenever pods were put on nodes
 * or taken off; undefined: this pod does not concern the plugin. Must not change anything.
 */
export interface FilterPlugin {
  readonly name: string;
  prepare(pod: PodInfo, view: ClusterView): PreparedFilter | undefined;
}

/** Scores of the best and of any node: whole numbers between these after normalizing. */
export const MAX_SCORE = 100;

export interface PreparedScore {
  score(node: NodeInfo): number;
  /** Brings the scores of all nodes, in place, to between 0 and {@link MAX_SCORE}. Without: they are already. */
  normalize?(scores: number[]): void;
}

/** Says how good each node that can take the pod is for it. */
export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** `nodes`: all that passed the filters, at least two. Undefined: the same for all. */
  prepare(pod: PodInfo, view: ClusterView, nodes: readonly NodeInfo[]): PreparedScore | undefined;
}

/** Makes the highest score {@link MAX_SCORE}, or the lowest when `reverse` (upstream helper.DefaultNormalizeScore). */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const score = max === 0 ? 0 : Math.floor((MAX_SCORE * scores[i]!) / max);
    scores[i] = reverse ? MAX_SCORE - score : score;
  }
}

export const refusal = (plugin: string, resolvable: boolean, ...reasons: string[]): Refusal => ({
  plugin,
  reasons,
  resolvable,
});
