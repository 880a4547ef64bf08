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

/**
 * The taints that a node should carry: those of its conditions, the NoExecute ones that drive its pods away
 * while it is not ready, and everything that others have put there. Undefined when it has just these already.
 */
export function wantedTaints(node: Node, timestamp: string): Taint[] | undefined {
  const present = node.spec?.taints ?? [];
  const conditions = node.status?.conditions ?? [];
  const wanted: { key: string; effect: string }[] = BY_CONDITION.filter(([type, status]) =>
    conditions.some((condition) => condition.type === type && condition.status === status),
  ).map(([, , key]) => ({ key, effect: "NoSchedule" }));
  if (node.spec?.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: "NoSchedule" });
  const ready = readyCondition(node)?.status;
  if (ready === "False") wanted.push({ key: NOT_READY, effect: "NoExecute" });
  if (ready === "Unknown") wanted.push({ key: UNREACHABLE, effect: "NoExecute" });

  const isWanted = (taint: Taint) => wanted.some(({ key, effect }) => key === taint.key && effect === taint.effect);
  // A node that has not said anything yet keeps the not-ready taint that it was admitted with.
  const isOurs = (taint: Taint) =>
    OURS.has(taint.key) && (taint.effect === "NoSchedule" || taint.effect === "NoExecute") && ready !== undefined;
  const kept = present.filter((taint) => !isOurs(taint) || isWanted(taint));
  const missing = wanted.filter(
    ({ key, effect }) => !present.some((taint) => taint.key === key && taint.effect === effect),
  );
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing.map(({ key, effect }) => ({ key, effect, timeAdded: timestamp }))];
}
