import type { ContainerStatus, Pod } from "../generated/types.ts";
import { podCondition } from "./conditions.ts";

/** Whether the pod's Ready condition is True. */
export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}

/**
 * Whether the pod has been ready for at least `minReadySeconds` at `now` (milliseconds since the epoch).
 * Source: upstream podutil.IsPodAvailable.
 */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  return availableInMs(pod, minReadySeconds, now) === 0;
}

/** Milliseconds until the pod counts as available when it stays ready; 0: it is; undefined: it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  if (minReadySeconds === 0) return 0;
  if (ready.lastTransitionTime === undefined) return undefined;
  return Math.max(0, Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - now);
}

/** Whether the pod has run to its end: Succeeded or Failed. */
export function isPodTerminal(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether the pod counts as a replica: neither at its end nor being deleted (upstream controller.IsPodActive). */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Whether the pod is being deleted and has not run to its end yet (upstream controller.IsPodTerminating). */
export function isPodTerminating(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/** All statuses of the pod's containers: init, main and ephemeral. */
export function containerStatuses(pod: Pod): readonly ContainerStatus[] {
  const {
    initContainerStatuses = [],
    containerStatuses: main = [],
    ephemeralContainerStatuses = [],
  } = pod.status ?? {};
  return [...initContainerStatuses, ...main, ...ephemeralContainerStatuses];
}

/** Whether the init container is a sidecar: it keeps running beside the main containers. */
export function isSidecar(container: { readonly restartPolicy?: string }): boolean {
  return container.restartPolicy === "Always";
}
