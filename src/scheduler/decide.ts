import type { Random } from "#base";
import type { PodInfo } from "./model/pod-info.ts";
import type { Plugins } from "./plugins/default-plugins.ts";
import type { NodeFilter, PreparedFilter, Refusal } from "./plugins/plugin.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { ClusterView } from "./snapshot/snapshot.ts";

/** Why no node takes a pod. */
export interface Diagnosis {
  /** How many nodes there are. */
  readonly nodes: number;
  /** No node was asked: the pod as it is can go nowhere. */
  readonly overall?: Refusal;
  /** By node. Nodes that are not there were not worth asking; `absent` says why. */
  readonly refusals: ReadonlyMap<NodeInfo, Refusal>;
  readonly absent?: Refusal;
  /** The plugins that refused: events that can help one of them wake the pod. */
  readonly plugins: ReadonlySet<string>;
}

export type Decision =
  | { readonly type: "fits"; readonly node: NodeInfo; readonly evaluated: number; readonly feasible: number }
  | { readonly type: "refused"; readonly diagnosis: Diagnosis };

/** Asks the filters one after the other; the first that refuses answers. */
export type NodeTest = (node: NodeInfo) => Refusal | undefined;

export interface DecideOptions {
  readonly plugins: Plugins;
  readonly random: Random;
  /** Where to begin among the nodes; the caller moves it on by `evaluated`. */
  readonly startIndex: number;
  /** Tests a node for which other pods wait; absent when none does. */
  readonly nominated?: {
    /** Whether pods wait for the node that matter to this pod. */
    concerns(node: NodeInfo): boolean;
    test(node: NodeInfo): Refusal | undefined;
  };
}

/** All filters made ready for a pod. */
export function prepareFilters(
  pod: PodInfo,
  view: ClusterView,
  plugins: Plugins,
): { readonly refusal: Refusal } | { readonly test: NodeTest; readonly only: ReadonlySet<string> | undefined } {
  const filters: NodeFilter[] = [];
  let only: ReadonlySet<string> | undefined;
  for (const plugin of plugins.filters) {
    const prepared: PreparedFilter | undefined = plugin.prepare(pod, view);
    if (!prepared) continue;
    if (prepared.refusal) return { refusal: prepared.refusal };
    const { only: names } = prepared;
    if (names) only = only ? new Set([...only].filter((name) => names.has(name))) : names;
    if (prepared.filter) filters.push(prepared.filter);
  }
  return {
    only,
    test(node) {
      for (let i = 0; i < filters.length; i++) {
        const refusal = filters[i]!(node);
        if (refusal) return refusal;
      }
      return undefined;
    },
  };
}

const MIN_FEASIBLE = 100;
const MIN_PERCENT = 5;

/** How many nodes that fit are enough: all of up to 100, from there on a share that falls to 5 % (upstream numFeasibleNodesToFind). */
export function enoughNodes(nodes: number): number {
  if (nodes < MIN_FEASIBLE) return nodes;
  const percent = Math.max(MIN_PERCENT, 50 - Math.floor(nodes / 125));
  return Math.max(MIN_FEASIBLE, Math.floor((nodes * percent) / 100));
}

const NOT_WORTH_ASKING: Refusal = {
  plugin: "NodeAffinity",
  reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"],
  resolvable: false,
};

/** Finds the node for a pod. */
export function decide(pod: PodInfo, view: ClusterView, options: DecideOptions): Decision {
  const { plugins, random, nominated } = options;
  const all = view.nodes;
  const prepared = prepareFilters(pod, view, plugins);
  if ("refusal" in prepared) {
    const { refusal } = prepared;
    return refused({ nodes: all.length, overall: refusal, refusals: new Map(), plugins: new Set([refusal.plugin]) });
  }
  const { only } = prepared;
  const test: NodeTest = nominated
    ? (node) => prepared.test(node) ?? (nominated.concerns(node) ? nominated.test(node) : undefined)
    : prepared.test;

  const promised = pod.pod.status?.nominatedNodeName;
  if (promised) {
    // Room was made for it there.
    const node = view.node(promised);
    if (node && !test(node)) return { type: "fits", node, evaluated: 0, feasible: 1 };
  }

  const candidates = only ? [...only].flatMap((name) => view.node(name) ?? []) : all;
  const refusals = new Map<NodeInfo, Refusal>();
  const feasible: NodeInfo[] = [];
  const enough = enoughNodes(candidates.length);
  const start = only ? 0 : options.startIndex;
  let evaluated = 0;
  for (; evaluated < candidates.length && feasible.length < enough; evaluated++) {
    const node = candidates[(start + evaluated) % candidates.length]!;
    const refusal = test(node);
    if (refusal) refusals.set(node, refusal);
    else feasible.push(node);
  }
  if (feasible.length === 0) {
    const refusing = new Set<string>();
    for (const { plugin } of refusals.values()) refusing.add(plugin);
    if (only) refusing.add(NOT_WORTH_ASKING.plugin);
    return refused({
      nodes: all.length,
      refusals,
      plugins: refusing,
      ...(only ? { absent: NOT_WORTH_ASKING } : {}),
    });
  }
  const node = feasible.length === 1 ? feasible[0]! : best(pod, view, feasible, plugins, random);
  return { type: "fits", node, evaluated: only ? 0 : evaluated, feasible: feasible.length };
}

const refused = (diagnosis: Diagnosis): Decision => ({ type: "refused", diagnosis });

/** The sums of the weighted scores of each node. */
export function scoreNodes(
  pod: PodInfo,
  view: ClusterView,
  nodes: readonly NodeInfo[],
  plugins: Plugins,
): readonly number[] {
  const totals = Array.from<number>({ length: nodes.length }).fill(0);
  for (const plugin of plugins.scores) {
    const prepared = plugin.prepare(pod, view, nodes);
    if (!prepared) continue;
    const scores = nodes.map((node) => prepared.score(node));
    prepared.normalize?.(scores);
    for (let i = 0; i < totals.length; i++) totals[i]! += scores[i]! * plugin.weight;
  }
  return totals;
}

function best(pod: PodInfo, view: ClusterView, nodes: readonly NodeInfo[], plugins: Plugins, random: Random): NodeInfo {
  const totals = scoreNodes(pod, view, nodes, plugins);
  let ties: NodeInfo[] = [];
  let highest = -Infinity;
  for (let i = 0; i < nodes.length; i++) {
    if (totals[i]! > highest) {
      highest = totals[i]!;
      ties = [nodes[i]!];
    } else if (totals[i]! === highest) {
      ties.push(nodes[i]!);
    }
  }
  return ties.length === 1 ? ties[0]! : ties[random.int(ties.length)]!;
}
