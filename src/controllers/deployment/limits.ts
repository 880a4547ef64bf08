import type { Deployment } from "#objects";

/** What a rollout may do at every instant, in pods. */
export interface Limits {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** desired - maxUnavailable */
  readonly minAvailable: number;
  /** desired + maxSurge */
  readonly maxTotal: number;
}

/**
 * The limits of a Deployment. Percentages are of the desired number, surge rounded up and unavailable down;
 * when both come out as 0, one pod may be unavailable, since nothing could move otherwise (upstream
 * ResolveFenceposts). Recreate knows neither.
 */
export function limitsOf({ spec }: Deployment): Limits {
  const desired = spec?.replicas ?? 1;
  if (spec?.strategy?.type === "Recreate") {
    return { desired, maxSurge: 0, maxUnavailable: 0, minAvailable: desired, maxTotal: desired };
  }
  const { maxSurge: surge = "25%", maxUnavailable: unavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  const maxSurge = scaled(surge, desired, Math.ceil);
  let maxUnavailable = scaled(unavailable, desired, Math.floor);
  if (maxSurge === 0 && maxUnavailable === 0) maxUnavailable = 1;
  maxUnavailable = Math.min(maxUnavailable, desired);
  return {
    desired,
    maxSurge,
    maxUnavailable,
    minAvailable: desired - maxUnavailable,
    maxTotal: desired + maxSurge,
  };
}

/** A number of pods, or a percentage of the total. */
export function scaled(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? 0 : round((Number(percent) * total) / 100);
}
