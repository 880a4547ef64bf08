import type { Node } from "#objects";
import type { Plan } from "../framework/index.ts";

/**
 * How a zone fares: `initial` until it was looked at, `full` when no node of it is ready, `partial` when many are not.
 */
export type ZoneMode = "initial" | "normal" | "partial" | "full";

/** Nodes a second that get a NoExecute taint: upstream's --node-eviction-rate. */
export const EVICTION_RATE = 0.1;
/** The same in a large zone of which many nodes are not ready: upstream's --secondary-node-eviction-rate. */
export const SECONDARY_EVICTION_RATE = 0.01;
/** Zones of up to this many nodes are small: upstream's --large-cluster-size-threshold. */
const LARGE_ZONE = 50;
/** The share of nodes not ready from which on a zone is disrupted: upstream's --unhealthy-zone-threshold. */
const UNHEALTHY_SHARE = 0.55;

const EXCLUDED = "node.kubernetes.io/exclude-disruption";

/** Whether the node counts when zones are judged. */
export const counts = ({ metadata }: Node): boolean => metadata.labels?.[EXCLUDED] === undefined;

/** The zone that a node is in; empty for nodes without one. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const zone = labels["failure-domain.beta.kubernetes.io/zone"] ?? labels["topology.kubernetes.io/zone"] ?? "";
  const region = labels["failure-domain.beta.kubernetes.io/region"] ?? labels["topology.kubernetes.io/region"] ?? "";
  return zone === "" && region === "" ? "" : `${region}:\0:${zone}`;
}

/** How many nodes of a zone count, and how many of them are ready. */
export interface ZoneCount {
  readonly nodes: number;
  readonly ready: number;
}

/** How a zone of so many nodes fares (upstream ComputeZoneState). */
export function zoneMode({ nodes, ready }: ZoneCount): ZoneMode {
  const notReady = nodes - ready;
  if (ready === 0 && notReady > 0) return "full";
  return notReady > 2 && notReady / nodes >= UNHEALTHY_SHARE ? "partial" : "normal";
}

export type DisruptionStep =
  /** From now on so many nodes a second of the zone may get a NoExecute taint. */
  | { readonly type: "enter"; readonly zone: string; readonly mode: ZoneMode; readonly rate: number }
  /** The zone has no nodes any more. */
  | { readonly type: "forget"; readonly zone: string }
  /** Take the NoExecute taints off every node. */
  | { readonly type: "spare-all" }
  /** Every node has its whole grace period once more. */
  | { readonly type: "renew-all" };

function rateOf(mode: ZoneMode, nodes: number): number {
  if (mode !== "partial") return EVICTION_RATE;
  return nodes > LARGE_ZONE ? SECONDARY_EVICTION_RATE : 0;
}

/**
 * How fast nodes may lose their pods, zone by zone (upstream handleDisruption). When no node at all is ready, it is
 * more likely that this side is cut off: then no node loses any.
 */
export function planDisruption(
  modes: ReadonlyMap<string, ZoneMode>,
  zones: ReadonlyMap<string, ZoneCount>,
): Plan<DisruptionStep> {
  const forgotten = [...modes.keys()].filter((zone) => !zones.has(zone));
  const forget = forgotten.map((zone): DisruptionStep => ({ type: "forget", zone }));
  const now = [...zones].map(([zone, count]) => ({
    zone,
    mode: zoneMode(count),
    before: modes.get(zone) ?? "initial",
    nodes: count.nodes,
  }));
  const allAreDown = now.every(({ mode }) => mode === "full");
  const allWereDown = now.every(({ before }) => before === "full");
  if (allAreDown && allWereDown) return { steps: forget, because: "no node was or is ready" };
  if (allAreDown) {
    const stop = now.map(({ zone }): DisruptionStep => ({ type: "enter", zone, mode: "full", rate: 0 }));
    return { steps: [...forget, { type: "spare-all" }, ...stop], because: "no node is ready any more" };
  }
  const enter = (zone: (typeof now)[number]): DisruptionStep => ({
    type: "enter",
    zone: zone.zone,
    mode: zone.mode,
    rate: rateOf(zone.mode, zone.nodes),
  });
  if (allWereDown) {
    return { steps: [...forget, { type: "renew-all" }, ...now.map(enter)], because: "some node is ready again" };
  }
  const turned = now.filter(({ mode, before }) => mode !== before);
  return { steps: [...forget, ...turned.map(enter)], because: `${turned.length} zones have turned` };
}
