import type { NodeInfo } from "./node-info.ts";

const ZONE = "topology.kubernetes.io/zone";
const REGION = "topology.kubernetes.io/region";

/**
 * The nodes in the order in which they are looked at: one of each zone in turn, so that the part of a large
 * cluster that is looked at for a pod has all zones in it (upstream's nodeTree).
 */
export function inZoneTurns(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = `${node.labels?.[REGION] ?? ""}:${node.labels?.[ZONE] ?? ""}`;
    const known = zones.get(zone);
    if (known) known.push(node);
    else zones.set(zone, [node]);
  }
  const lists = [...zones.values()];
  if (lists.length === 1) return lists[0]!;
  const order: NodeInfo[] = [];
  for (let turn = 0, left = lists; left.length > 0; turn++) {
    left = left.filter((list) => turn < list.length);
    for (const list of left) order.push(list[turn]!);
  }
  return order;
}
