import { qosClass, toleratesTaint, type Pod } from "#objects";
import { isMirrorPod, isStaticPod } from "../static/annotations.ts";
import type { Refusal } from "../pod/refusal.ts";
import type { NodeHealth } from "./health.ts";

/** Priorities from here on are for what the system cannot do without (upstream SystemCriticalPriority). */
const SYSTEM_CRITICAL = 2_000_000_000;
const MEMORY_PRESSURE = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" };

/** Whether the system cannot do without the pod (upstream types.IsCriticalPod). */
export const isCriticalPod = (pod: Pod): boolean =>
  isStaticPod(pod) || isMirrorPod(pod) || (pod.spec?.priority ?? 0) >= SYSTEM_CRITICAL;

/** Why a node that is short of something does not take the pod, if it does not (upstream eviction manager's Admit). */
export function pressureRefusal(pod: Pod, health: NodeHealth): Refusal | undefined {
  const { memoryPressure, diskPressure, pidPressure } = health;
  const held = [
    ...(memoryPressure ? ["MemoryPressure"] : []),
    ...(diskPressure ? ["DiskPressure"] : []),
    ...(pidPressure ? ["PIDPressure"] : []),
  ];
  if (held.length === 0 || isCriticalPod(pod)) return undefined;
  if (memoryPressure && held.length === 1) {
    // A pod that requests memory has it reserved.
    if (qosClass(pod.spec) !== "BestEffort") return undefined;
    if (pod.spec?.tolerations?.some((toleration) => toleratesTaint(toleration, MEMORY_PRESSURE))) return undefined;
  }
  return { reason: "Evicted", message: `The node had condition: [${held.join(" ")}]. ` };
}
