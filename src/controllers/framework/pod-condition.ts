import { formatTime, podCondition, type Pod, type PodCondition } from "#objects";

/**
 * A condition for a pod's status: of the pod's generation, and with the old time where the status stays the same
 * (upstream UpdatePodCondition). `now` in milliseconds since the epoch.
 */
export function conditionOf(
  pod: Pod,
  condition: Pick<PodCondition, "type" | "status" | "reason" | "message">,
  now: number,
): PodCondition {
  const { generation } = pod.metadata;
  const before = podCondition(pod, condition.type);
  const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
  return {
    ...condition,
    lastTransitionTime: since ?? formatTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
