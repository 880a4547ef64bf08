import {
  availableInMs,
  findCondition,
  formatTime,
  isPodReady,
  withCondition,
  type Pod,
  type ReplicaSetCondition,
  type ReplicaSetStatus,
} from "#objects";
import { inDeletionOrder, type Plan } from "../framework/index.ts";

/** What keeping a number of pods needs to know of a ReplicaSet or a ReplicationController. */
export interface ReplicaView {
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly generation: number;
  /** It is being deleted: pods are left to the garbage collector. */
  readonly deleting: boolean;
  readonly templateLabels: Readonly<Record<string, string>>;
  readonly status: ReplicaSetStatus | undefined;
  /** Owned pods that count as replicas: neither at their end nor being deleted. */
  readonly active: readonly Pod[];
  /** How many owned pods are being deleted and not yet at their end; undefined where the status does not tell. */
  readonly terminating: number | undefined;
  /**
   * Active pods of all sets of the same owner, these included: they count as doubling up on a node. Needed only where
   * some pods of several are to go.
   */
  readonly related: readonly Pod[];
}

export type ReplicaStep =
  | { readonly type: "create"; readonly count: number }
  | { readonly type: "delete"; readonly pods: readonly Pod[] };

/** Pods created or deleted in one sync at most. */
export const BURST_REPLICAS = 500;

/** How many pods to create, or which to delete: one step at most. `now` in milliseconds since the epoch. */
export function planReplicas(view: ReplicaView, now: number): Plan<ReplicaStep> {
  const { active, replicas } = view;
  const missing = replicas - active.length;
  if (view.deleting) return { steps: [], because: "it is being deleted" };
  const because = `${active.length} of ${replicas} replicas`;
  if (missing > 0) return { steps: [{ type: "create", count: Math.min(missing, BURST_REPLICAS) }], because };
  if (missing === 0) return { steps: [], because };
  const count = Math.min(-missing, BURST_REPLICAS);
  // Which pods go does not matter when all do.
  const pods = -missing === active.length ? active : inDeletionOrder(active, view.related, now, view.minReadySeconds);
  return { steps: [{ type: "delete", pods: pods.slice(0, count) }], because };
}

export interface StatusStep {
  readonly type: "update-status";
  readonly status: ReplicaSetStatus;
}

/**
 * What the status should say; to be looked at again when a pod that is ready now becomes available. `failure`: why pods
 * could not be created or deleted just now.
 */
export function planStatus(view: ReplicaView, now: number, failure: string | undefined): Plan<StatusStep> {
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  let nextMs = Infinity;
  const labels = Object.entries(view.templateLabels);
  for (const pod of view.active) {
    const podLabels = pod.metadata.labels ?? {};
    if (labels.every(([key, value]) => podLabels[key] === value)) fullyLabeledReplicas++;
    if (!isPodReady(pod)) continue;
    readyReplicas++;
    const inMs = availableInMs(pod, view.minReadySeconds, now);
    if (inMs === 0) availableReplicas++;
    else if (inMs !== undefined) nextMs = Math.min(nextMs, inMs);
  }
  const conditions = conditionsAfter(view, now, failure);
  const status: ReplicaSetStatus = {
    replicas: view.active.length,
    // The API leaves these out when they are zero.
    ...(fullyLabeledReplicas === 0 ? {} : { fullyLabeledReplicas }),
    ...(readyReplicas === 0 ? {} : { readyReplicas }),
    ...(availableReplicas === 0 ? {} : { availableReplicas }),
    ...(view.terminating === undefined ? {} : { terminatingReplicas: view.terminating }),
    observedGeneration: view.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  return {
    steps: isCurrent(view.status, status, conditions) ? [] : [{ type: "update-status", status }],
    because: `${view.active.length} pods, of which ${readyReplicas} are ready and ${availableReplicas} are available`,
    ...(nextMs === Infinity ? {} : { requeueAt: now + nextMs }),
  };
}

/** The condition ReplicaFailure appears with the first failure and stays as it is until a sync succeeds. */
function conditionsAfter(view: ReplicaView, now: number, failure: string | undefined): readonly ReplicaSetCondition[] {
  const conditions = view.status?.conditions ?? [];
  const failed = findCondition(conditions, "ReplicaFailure");
  if (failure === undefined) return failed ? conditions.filter((condition) => condition !== failed) : conditions;
  if (failed) return conditions;
  return withCondition<ReplicaSetCondition>(conditions, {
    type: "ReplicaFailure",
    status: "True",
    reason: view.active.length < view.replicas ? "FailedCreate" : "FailedDelete",
    message: failure,
    lastTransitionTime: formatTime(now),
  });
}

function isCurrent(
  old: ReplicaSetStatus | undefined,
  status: ReplicaSetStatus,
  conditions: readonly ReplicaSetCondition[],
): boolean {
  return (
    old !== undefined &&
    old.replicas === status.replicas &&
    (old.fullyLabeledReplicas ?? 0) === (status.fullyLabeledReplicas ?? 0) &&
    (old.readyReplicas ?? 0) === (status.readyReplicas ?? 0) &&
    (old.availableReplicas ?? 0) === (status.availableReplicas ?? 0) &&
    old.terminatingReplicas === status.terminatingReplicas &&
    (old.observedGeneration ?? 0) === status.observedGeneration &&
    (conditions === old.conditions || (conditions.length === 0 && !old.conditions?.length))
  );
}
