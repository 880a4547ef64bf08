import { isPodTerminal, type DaemonSet, type Node, type Pod } from "#objects";
import type { Backoff } from "./back-off.ts";
import { placementOf, type Placement } from "./placement.ts";
import { targetNode } from "./pod.ts";

/** What is to be known of a DaemonSet. */
export interface DaemonSetView {
  readonly set: DaemonSet;
  /** All nodes. */
  readonly nodes: readonly Node[];
  /** All pods of the set, whatever becomes of them. */
  readonly pods: readonly Pod[];
  /** The hash of its present revision. */
  readonly hash: string;
  /** By node: how long its failed pods are left alone. */
  readonly backoffs: ReadonlyMap<string, Backoff>;
}

/** A node with the set's pods on it. */
export interface DaemonNode extends Placement {
  readonly name: string;
  /** Whether there is such a node. */
  readonly exists: boolean;
  /** Running there or meant for it, the best first; without those at their end that are being deleted: they are gone but for a finalizer. */
  readonly pods: readonly Pod[];
}

/** Every node, and after them what is not there but has pods. */
export function nodesOf({ set, nodes, pods }: Pick<DaemonSetView, "set" | "nodes" | "pods">): readonly DaemonNode[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined) continue;
    const node = targetNode(pod);
    if (node === undefined) continue;
    const others = byNode.get(node);
    if (others) others.push(pod);
    else byNode.set(node, [pod]);
  }
  const placement = placementOf(set.spec!.template);
  const found = nodes.map((node): DaemonNode => {
    const name = node.metadata.name ?? "";
    const own = byNode.get(name);
    byNode.delete(name);
    const { shouldRun, mayStay } = placement(node);
    return { name, exists: true, shouldRun, mayStay, pods: own ? ranked(own) : [] };
  });
  for (const [name, own] of byNode) {
    found.push({ name, exists: false, shouldRun: false, mayStay: false, pods: ranked(own) });
  }
  return found;
}

/** On a node first, then the oldest, then by name: the first is the one that stays (upstream podByCreationTimestampAndPhase). */
const ranked = (pods: readonly Pod[]): readonly Pod[] => (pods.length < 2 ? pods : pods.toSorted(compare));

function compare(a: Pod, b: Pod): number {
  const byNode = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (byNode !== 0) return byNode;
  const [bornA, bornB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (bornA !== bornB) return bornA < bornB ? -1 : 1;
  return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

export const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
