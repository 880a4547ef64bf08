import type { Lease, Node, NodeCondition } from "#objects";

/** Upstream's --node-monitor-grace-period. */
export const GRACE_PERIOD_MS = 50_000;
/** The same for a node that has never said whether it is ready: upstream's --node-startup-grace-period. */
export const STARTUP_GRACE_PERIOD_MS = 60_000;
/** Upstream's --node-monitor-period. */
export const MONITOR_PERIOD_MS = 5_000;

/** What the controller remembers of a node: what it saw last, and when it saw it change, on a clock that is never set. */
export interface Heartbeat {
  readonly renewTime: string;
  readonly readyHeartbeat: string;
  readonly seenAt: number;
}

/** The heartbeat after a look at the node: clocks of nodes are not trusted, only that something changed. */
export function observeHeartbeat(
  before: Heartbeat | undefined,
  node: Node,
  lease: Lease | undefined,
  now: number,
): Heartbeat {
  const renewTime = lease?.spec?.renewTime ?? "";
  const readyHeartbeat = readyCondition(node)?.lastHeartbeatTime ?? "";
  if (before && before.renewTime === renewTime && before.readyHeartbeat === readyHeartbeat) return before;
  return { renewTime, readyHeartbeat, seenAt: now };
}

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find(({ type }) => type === "Ready");
}

/** The conditions that a silent kubelet can no longer vouch for. */
const VOUCHED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/**
 * The node's conditions once it has been silent too long (upstream tryUpdateNodeHealth), or undefined while all
 * is well or nothing changes.
 */
export function silentConditions(
  node: Node,
  heartbeat: Heartbeat,
  now: number,
  timestamp: string,
): NodeCondition[] | undefined {
  const grace = readyCondition(node) ? GRACE_PERIOD_MS : STARTUP_GRACE_PERIOD_MS;
  if (now - heartbeat.seenAt <= grace) return undefined;
  const present = node.status?.conditions ?? [];
  let changed = false;
  const conditions = present.map((condition) => {
    if (!VOUCHED.includes(condition.type) || condition.status === "Unknown") return condition;
    changed = true;
    return {
      ...condition,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: timestamp,
    };
  });
  for (const type of VOUCHED) {
    if (present.some((condition) => condition.type === type)) continue;
    changed = true;
    conditions.push({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata.creationTimestamp ?? timestamp,
      lastTransitionTime: timestamp,
    });
  }
  return changed ? conditions : undefined;
}
