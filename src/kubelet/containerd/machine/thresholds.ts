import { parseQuantity, quantityValue } from "#objects";

/** What is measured of a node, in bytes, inodes or tasks. */
export interface Amount {
  readonly available: number;
  readonly capacity: number;
}

/** Upstream's names (eviction API). */
export const SIGNALS = [
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "pid.available",
] as const;
export type Signal = (typeof SIGNALS)[number];

/** A quantity, a percentage of the capacity, or a percentage that is never more than a quantity. */
export type Threshold = string | { readonly share: string; readonly atMost: string };

/** Below these the node is short of something. */
export type Thresholds = { readonly [signal in Signal]?: Threshold };

/** Upstream's defaults on Linux (eviction.DefaultEvictionHard). */
export const DEFAULT_THRESHOLDS: Thresholds = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

/**
 * Those of a machine that is not the cluster's alone. A tenth of a large disk is more than people keep free on a
 * laptop; a gibibyte is what a node needs to go on.
 */
export const SHARED_MACHINE_THRESHOLDS: Thresholds = {
  ...DEFAULT_THRESHOLDS,
  "nodefs.available": { share: "10%", atMost: "1Gi" },
  "imagefs.available": { share: "15%", atMost: "1Gi" },
};

/** A threshold as an amount. Throws an Error for what is neither a quantity nor a percentage. */
export function thresholdValue(threshold: Threshold, capacity: number): number {
  if (typeof threshold !== "string") {
    return Math.min(thresholdValue(threshold.share, capacity), thresholdValue(threshold.atMost, capacity));
  }
  if (!threshold.endsWith("%")) return quantityValue(parseQuantity(threshold));
  const percent = Number(threshold.slice(0, -1));
  if (!(percent >= 0 && percent <= 100)) throw new Error(`${threshold} is no percentage`);
  return Math.trunc((capacity * percent) / 100);
}
