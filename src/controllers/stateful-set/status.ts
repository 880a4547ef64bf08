import { availableInMs, isPodReady, type Pod, type StatefulSet, type StatefulSetStatus } from "#objects";
import { replicasOf, revisionOf } from "./identity.ts";

export const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === "Running" && isPodReady(pod);

/** In how many milliseconds the pod counts as available; undefined when it is not ready. */
export function availableIn(set: StatefulSet, pod: Pod, now: number): number | undefined {
  return isRunningAndReady(pod) ? availableInMs(pod, set.spec?.minReadySeconds ?? 0, now) : undefined;
}

/** Whether the set may not count on the pod. */
export const isUnavailable = (set: StatefulSet, pod: Pod | undefined, now: number): boolean =>
  pod === undefined || isTerminating(pod) || availableIn(set, pod, now) !== 0;

export interface StatusParts {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** Names of revisions. */
  readonly current: string;
  readonly update: string;
  readonly collisionCount: number;
  /** Pods that this sync stops to bring them up to date: they are counted out already. */
  readonly outdated: readonly Pod[];
}

/** What the status says, once an update that is complete has made its revision the current one. */
export function statusOf({ set, pods, current, update, collisionCount, outdated }: StatusParts, now: number) {
  const count = (of: (pod: Pod) => boolean) => pods.reduce((sum, pod) => sum + (of(pod) ? 1 : 0), 0);
  const staying = pods.filter((pod) => !isTerminating(pod) && !outdated.includes(pod));
  const at = (revision: string) => staying.reduce((sum, pod) => sum + (revisionOf(pod) === revision ? 1 : 0), 0);
  const replicas = pods.length;
  const readyReplicas = count(isRunningAndReady);
  const availableReplicas = count((pod) => availableIn(set, pod, now) === 0);
  const updatedReplicas = at(update);
  const complete =
    set.spec?.updateStrategy?.type === "RollingUpdate" &&
    [updatedReplicas, readyReplicas, replicas].every((figure) => figure === replicasOf(set));
  const currentReplicas = complete ? updatedReplicas : at(current);
  const conditions = set.status?.conditions;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas,
    // The API leaves these out when they are zero.
    ...(readyReplicas === 0 ? {} : { readyReplicas }),
    ...(currentReplicas === 0 ? {} : { currentReplicas }),
    ...(updatedReplicas === 0 ? {} : { updatedReplicas }),
    currentRevision: complete ? update : current,
    updateRevision: update,
    collisionCount,
    availableReplicas,
    ...(conditions ? { conditions } : {}),
  } satisfies StatefulSetStatus;
}

/** Whether the set's status says the same already. */
export function isCurrent({ status = { replicas: -1 } }: StatefulSet, next: StatefulSetStatus): boolean {
  return (
    (status.observedGeneration ?? 0) >= (next.observedGeneration ?? 0) &&
    status.replicas === next.replicas &&
    (status.readyReplicas ?? 0) === (next.readyReplicas ?? 0) &&
    (status.currentReplicas ?? 0) === (next.currentReplicas ?? 0) &&
    (status.updatedReplicas ?? 0) === (next.updatedReplicas ?? 0) &&
    (status.availableReplicas ?? 0) === (next.availableReplicas ?? 0) &&
    status.currentRevision === next.currentRevision &&
    status.updateRevision === next.updateRevision &&
    (status.collisionCount ?? 0) === (next.collisionCount ?? 0)
  );
}
