import { isPodTerminal, type Pod } from "#objects";

/** Upstream's --terminated-pod-gc-threshold. */
export const TERMINATED_THRESHOLD = 12_500;

/** The oldest of the finished pods beyond the threshold. */
export function surplusTerminated(pods: Iterable<Pod>, threshold = TERMINATED_THRESHOLD): readonly Pod[] {
  const terminated = [...pods].filter(isPodTerminal);
  if (terminated.length <= threshold) return [];
  const created = (pod: Pod) => Date.parse(pod.metadata.creationTimestamp ?? "");
  return terminated.sort((a, b) => created(a) - created(b)).slice(0, terminated.length - threshold);
}

/** Whether a pod that is being deleted was never on a node: no kubelet would finish its deletion. */
export function isUnscheduledTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName;
}
