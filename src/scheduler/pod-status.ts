import type { Client } from "#client";
import { formatTime, hasReason, PODS, podCondition, type Pod, type PodCondition } from "#objects";

/** What the scheduler tells about a pod that has no node yet. */
export interface UnscheduledStatus {
  readonly reason: "Unschedulable" | "SchedulingGated" | "SchedulerError";
  readonly message: string;
  /** A node that is being made room on; empty: none any more; undefined: as it is. */
  readonly nominatedNodeName?: string;
}

/** The change of the pod's status that says this; undefined when it says so already. */
function statusPatch(pod: Pod, { reason, message, nominatedNodeName }: UnscheduledStatus, now: number) {
  const old = podCondition(pod, "PodScheduled");
  const sameCondition = old?.status === "False" && old.reason === reason && old.message === message;
  const sameNomination = nominatedNodeName === undefined || nominatedNodeName === (pod.status?.nominatedNodeName ?? "");
  if (sameCondition && sameNomination) return undefined;
  const since = old?.status === "False" ? old.lastTransitionTime : undefined;
  const condition: PodCondition = {
    type: "PodScheduled",
    status: "False",
    lastTransitionTime: since ?? formatTime(now),
    reason,
    message,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  return {
    ...(sameCondition ? {} : { conditions: [condition] }),
    ...(sameNomination ? {} : { nominatedNodeName: nominatedNodeName || null }),
  };
}

/** Writes the status if it is news. A pod that is gone does not matter any more. */
export async function tell(client: Client, pod: Pod, status: UnscheduledStatus, now: number): Promise<void> {
  const patch = statusPatch(pod, status, now);
  if (!patch) return;
  const { namespace = "", name = "", uid } = pod.metadata;
  try {
    await client.patch(
      PODS,
      { namespace, name },
      { type: "strategic", body: { metadata: { uid }, status: patch } },
      { subresource: "status" },
    );
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict")) throw error;
  }
}
