import type { DaemonSet } from "#objects";

/** What a rolling update may do at every instant, in nodes. */
export interface Limits {
  readonly maxUnavailable: number;
  readonly maxSurge: number;
}

/**
 * The limits of a set that should run on `desired` nodes. Percentages are of that number and rounded up. Where both come
 * out as 0, one node may go without, since nothing could move otherwise (upstream updatedDesiredNodeCounts).
 */
export function limitsOf({ spec }: DaemonSet, desired: number): Limits {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type !== "RollingUpdate") return { maxUnavailable: 0, maxSurge: 0 };
  const maxSurge = scaled(rollingUpdate?.maxSurge, desired);
  const maxUnavailable = scaled(rollingUpdate?.maxUnavailable, desired);
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

function scaled(value: number | string | undefined, total: number): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value ?? "")?.[1];
  return percent === undefined ? 0 : Math.ceil((Number(percent) * total) / 100);
}
