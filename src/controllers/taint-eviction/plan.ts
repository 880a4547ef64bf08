import { toleratesTaint, type Node, type Pod, type Taint } from "#objects";

/** When a pod must leave its node because of NoExecute taints; undefined: it may stay. */
export interface Eviction {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * A pod stays while it tolerates every NoExecute taint, at most for the shortest tolerationSeconds among the
 * tolerations it needs; the time runs from when the first of the taints was added (upstream tainteviction,
 * which counts from when it noticed).
 */
export function planEviction(pod: Pod, node: Node | undefined, now: number): Eviction | undefined {
  if (!node || pod.metadata.deletionTimestamp) return undefined;
  const taints = (node.spec?.taints ?? []).filter((taint: Taint) => taint.effect === "NoExecute");
  if (taints.length === 0) return undefined;
  const tolerations = pod.spec?.tolerations ?? [];
  let shortest = Infinity;
  for (const taint of taints) {
    const fitting = tolerations.filter((toleration) => toleratesTaint(toleration, taint));
    if (fitting.length === 0) return { at: now };
    for (const { tolerationSeconds } of fitting) {
      if (tolerationSeconds !== undefined) shortest = Math.min(shortest, Math.max(0, tolerationSeconds));
    }
  }
  if (shortest === Infinity) return undefined;
  const since = taints.map(({ timeAdded }) => (timeAdded ? Date.parse(timeAdded) : now));
  return { at: Math.min(...since) + shortest * 1000 };
}
