import type { Node, Taint } from "#objects";
import { readyCondition } from "./health.ts";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";

/** Which NoSchedule taint stands for which condition and status (upstream nodeConditionToTaintKeyStatusMap). */
const BY_CONDITION: readonly (readonly [type: string, status: string, key: string])[] = [
  ["Ready", "False", NOT_READY],
  ["Ready", "Unknown", UNREACHABLE],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
];

const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const OURS = new Set([...BY_CONDITION.map(([, , key]) => key), UNSCHEDULABLE]);
const EVICTING = new Set([NOT_READY, UNREACHABLE]);

/** The node's taints with those missing that are wanted, and without those of `isOurs` that are not; undefined: no change. */
function changed(
  node: Node,
  wanted: readonly string[],
  effect: string,
  isOurs: (key: string) => boolean,
  timestamp: string,
): Taint[] | undefined {
  const present = node.spec?.taints ?? [];
  const kept = present.filter((taint) => taint.effect !== effect || !isOurs(taint.key) || wanted.includes(taint.key));
  const missing = wanted.filter((key) => !present.some((taint) => taint.key === key && taint.effect === effect));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing.map((key) => ({ key, effect, timeAdded: timestamp }))];
}

/**
 * The taints of the node once those that keep new pods away are as its conditions say; undefined when they are.
 * Taints that others have put there stay.
 */
export function noScheduleTaints(node: Node, timestamp: string): Taint[] | undefined {
  const conditions = node.status?.conditions ?? [];
  const wanted = BY_CONDITION.filter(([type, status]) =>
    conditions.some((condition) => condition.type === type && condition.status === status),
  ).map(([, , key]) => key);
  if (node.spec?.unschedulable) wanted.push(UNSCHEDULABLE);
  // A node that has not said anything yet keeps the not-ready taint that it was admitted with.
  const isKnown = readyCondition(node) !== undefined;
  return changed(node, wanted, "NoSchedule", (key) => isKnown && OURS.has(key), timestamp);
}

/** The key of the NoExecute taint for a node with this status of its condition Ready. */
export const evictingKey = (ready: string): string | undefined =>
  ready === "False" ? NOT_READY : ready === "Unknown" ? UNREACHABLE : undefined;

/**
 * The taints of the node once the only one that drives pods away because of its condition Ready is `key`, or none of
 * them when that is undefined; undefined when it is so.
 */
export function noExecuteTaints(node: Node, key: string | undefined, timestamp: string): Taint[] | undefined {
  return changed(node, key === undefined ? [] : [key], "NoExecute", (other) => EVICTING.has(other), timestamp);
}

/** Whether the node has a taint that drives pods away because of its condition Ready. */
export const isEvicting = (node: Node): boolean =>
  node.spec?.taints?.some(({ key, effect }) => effect === "NoExecute" && EVICTING.has(key)) === true;
