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

/** Below these the node is short of something: quantities, or percentages of the capacity. */
export type Thresholds = { readonly [signal in Signal]?: string };

/** Upstream's defaults on Linux (eviction.DefaultEvictionHard). */
export const DEFAULT_THRESHOLDS: Thresholds = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

/** A threshold as an amount. Throws an Error for what is neither a quantity nor a percentage. */
export function thresholdValue(threshold: string, capacity: number): number {
  if (!threshold.endsWith("%")) return quantityValue(parseQuantity(threshold));
  const percent = Number(threshold.slice(0, -1));
  if (!(percent >= 0 && percent <= 100)) throw new Error(`${threshold} is no percentage`);
  return Math.trunc((capacity * percent) / 100);
}
