import {
  findCondition,
  formatTime,
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  type ReplicaSet,
} from "#objects";

export type Conditions = readonly DeploymentCondition[];

/** Makes a condition that changed at `now`. */
export function condition(
  type: "Available" | "Progressing" | "ReplicaFailure",
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  now: number,
): DeploymentCondition {
  const time = formatTime(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/**
 * The conditions with this one, at the end. Nothing changes when its status and reason stay the same, not even
 * its message; lastTransitionTime stays when the status does (upstream SetDeploymentCondition).
 */
export function withDeploymentCondition(conditions: Conditions, next: DeploymentCondition): Conditions {
  const current = findCondition(conditions, next.type);
  if (current && current.status === next.status && current.reason === next.reason) return conditions;
  const kept =
    current && current.status === next.status && current.lastTransitionTime !== undefined
      ? { ...next, lastTransitionTime: current.lastTransitionTime }
      : next;
  return [...without(conditions, next.type), kept];
}

export const without = (conditions: Conditions, type: string): Conditions =>
  conditions.some((other) => other.type === type) ? conditions.filter((other) => other.type !== type) : conditions;

const NO_DEADLINE = 2 ** 31 - 1;

/** Seconds without progress after which a rollout counts as failed, if there is such a limit. */
export function progressDeadline({ spec }: Deployment): number | undefined {
  const seconds = spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === NO_DEADLINE ? undefined : seconds;
}

/** All pods are of the present template, available, and there are no others. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const desired = spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

/** More new pods, fewer old ones, or more that are ready or available than the Deployment's status says. */
function hasProgressed({ status: old = {} }: Deployment, status: DeploymentStatus): boolean {
  const outdated = (of: DeploymentStatus) => (of.replicas ?? 0) - (of.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** When the rollout will have failed unless it progresses, in milliseconds since the epoch. */
function deadlineOf(progressing: DeploymentCondition, seconds: number): number {
  return Date.parse(progressing.lastUpdateTime ?? progressing.lastTransitionTime ?? "") + seconds * 1000;
}

function isOverdue(progressing: DeploymentCondition | undefined, seconds: number, now: number): boolean {
  if (!progressing || progressing.reason === "NewReplicaSetAvailable") return false;
  if (progressing.reason === "ProgressDeadlineExceeded") return true;
  return deadlineOf(progressing, seconds) < now;
}

/**
 * The conditions after a look at a rollout's progress. `conditions` are those of `status`, `before` the
 * Progressing condition that the Deployment had.
 */
export function withProgress(
  deployment: Deployment,
  newest: string | undefined,
  status: DeploymentStatus,
  conditions: Conditions,
  now: number,
): Conditions {
  const deadline = progressDeadline(deployment);
  if (deadline === undefined) return without(conditions, "Progressing");
  const current = findCondition(conditions, "Progressing");
  // A rollout that was completed stays so: a pod that fails later is no failure of the rollout.
  const wasCompleted =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (wasCompleted) return conditions;

  const subject = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest}"`;
  if (isComplete(deployment, status)) {
    const done = `${subject} has successfully progressed.`;
    return withDeploymentCondition(conditions, condition("Progressing", "True", "NewReplicaSetAvailable", done, now));
  }
  if (hasProgressed(deployment, status)) {
    const next = condition("Progressing", "True", "ReplicaSetUpdated", `${subject} is progressing.`, now);
    // Unlike other conditions, it is renewed under the same reason: its lastUpdateTime is the time of the last progress.
    const kept =
      current?.status === "True" && current.lastTransitionTime !== undefined
        ? { ...next, lastTransitionTime: current.lastTransitionTime }
        : next;
    return [...without(conditions, "Progressing"), kept];
  }
  if (isOverdue(current, deadline, now)) {
    const late = `${subject} has timed out progressing.`;
    return withDeploymentCondition(
      conditions,
      condition("Progressing", "False", "ProgressDeadlineExceeded", late, now),
    );
  }
  return conditions;
}

/** When to look again whether the deadline has passed, if it can pass. */
export function nextProgressCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadline(deployment);
  const current = findCondition(status.conditions, "Progressing");
  if (deadline === undefined || !current || isComplete(deployment, status)) return undefined;
  if (current.reason === "ProgressDeadlineExceeded" || current.reason === "NewReplicaSetAvailable") return undefined;
  // Times are whole seconds: one more, to be past the deadline for sure.
  return Math.max(now, deadlineOf(current, deadline)) + 1000;
}

/** Pausing stops the clock of the deadline, resuming starts it anew. One that has struck stays struck. */
export function withPause(deployment: Deployment, conditions: Conditions, now: number): Conditions {
  if (progressDeadline(deployment) === undefined) return conditions;
  const current = findCondition(conditions, "Progressing");
  if (current?.reason === "ProgressDeadlineExceeded") return conditions;
  const paused = deployment.spec?.paused ?? false;
  if (paused === (current?.reason === "DeploymentPaused")) return conditions;
  return withDeploymentCondition(
    conditions,
    paused
      ? condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now)
      : condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now),
  );
}

/** Why pods cannot be created or deleted, taken over from the newest set or else from any. */
export function withReplicaFailure(
  conditions: Conditions,
  newest: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): Conditions {
  const failureOf = (set: ReplicaSet | undefined) => findCondition(set?.status?.conditions, "ReplicaFailure");
  const failure = failureOf(newest) ?? sets.map(failureOf).find((found) => found !== undefined);
  if (!failure) return without(conditions, "ReplicaFailure");
  const { status, reason = "", message = "", lastTransitionTime } = failure;
  return withDeploymentCondition(conditions, {
    type: "ReplicaFailure",
    status,
    reason,
    message,
    ...(lastTransitionTime === undefined ? {} : { lastUpdateTime: lastTransitionTime, lastTransitionTime }),
  });
}

/** Whether the minimum of available pods is there. */
export function withAvailability(conditions: Conditions, available: boolean, now: number): Conditions {
  return withDeploymentCondition(
    conditions,
    available
      ? condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
      : condition(
          "Available",
          "False",
          "MinimumReplicasUnavailable",
          "Deployment does not have minimum availability.",
          now,
        ),
  );
}
