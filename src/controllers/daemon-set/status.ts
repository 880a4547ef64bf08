import { availableInMs, isPodReady, type DaemonSetStatus } from "#objects";
import type { Plan } from "../framework/index.ts";
import { isUpdated, templateGeneration } from "./pod.ts";
import { nodesOf, type DaemonSetView } from "./view.ts";

export interface StatusStep {
  readonly type: "update-status";
  readonly status: DaemonSetStatus;
}

/**
 * What the status should say; to be looked at again when a pod that is ready now becomes available. Of several pods on a
 * node the best counts.
 */
export function planStatus(view: DaemonSetView, collisionCount: number | undefined, now: number): Plan<StatusStep> {
  const { set, hash } = view;
  const generation = templateGeneration(set);
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const figures = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  let nextMs = Infinity;
  for (const { pods, shouldRun, exists } of nodesOf(view)) {
    const [pod] = pods;
    if (!exists) continue;
    if (!shouldRun) {
      if (pod) figures.misscheduled++;
      continue;
    }
    figures.desired++;
    if (!pod) continue;
    figures.current++;
    if (isUpdated(pod, hash, generation)) figures.updated++;
    if (!isPodReady(pod)) continue;
    figures.ready++;
    const inMs = availableInMs(pod, minReadySeconds, now);
    if (inMs === 0) figures.available++;
    else if (inMs !== undefined) nextMs = Math.min(nextMs, inMs);
  }
  const status = withFigures(set.status, figures, collisionCount, Number(set.metadata.generation ?? 0));
  return {
    steps: isCurrent(set.status, status) ? [] : [{ type: "update-status", status }],
    because: `${figures.current} of ${figures.desired} nodes have a pod, of which ${figures.ready} are ready and ${figures.available} are available`,
    ...(nextMs === Infinity ? {} : { requeueAt: now + nextMs }),
  };
}

function withFigures(
  old: DaemonSetStatus | undefined,
  figures: Readonly<Record<"desired" | "current" | "misscheduled" | "ready" | "updated" | "available", number>>,
  collisionCount: number | undefined,
  generation: number,
): DaemonSetStatus {
  const unavailable = figures.desired - figures.available;
  return {
    currentNumberScheduled: figures.current,
    numberMisscheduled: figures.misscheduled,
    desiredNumberScheduled: figures.desired,
    numberReady: figures.ready,
    // The API leaves these out when they are zero.
    ...(generation === 0 ? {} : { observedGeneration: generation }),
    ...(figures.updated === 0 ? {} : { updatedNumberScheduled: figures.updated }),
    ...(figures.available === 0 ? {} : { numberAvailable: figures.available }),
    ...(unavailable === 0 ? {} : { numberUnavailable: unavailable }),
    ...(collisionCount ? { collisionCount } : {}),
    ...(old?.conditions ? { conditions: old.conditions } : {}),
  };
}

const FIGURES = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

const isCurrent = (old: DaemonSetStatus | undefined, status: DaemonSetStatus): boolean =>
  old !== undefined && FIGURES.every((figure) => (old[figure] ?? 0) === (status[figure] ?? 0));
