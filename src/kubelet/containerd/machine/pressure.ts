import type { Shortage } from "#kubelet";
import { canonicalQuantity, formatQuantity, quantityOf } from "#objects";
import { SIGNALS, thresholdValue, type Amount, type Signal, type Thresholds } from "./thresholds.ts";

/** What a node may be short of. */
export const PRESSURES = ["memory", "disk", "pid"] as const;
export type Pressure = (typeof PRESSURES)[number];

const SHOWN_AS: Readonly<Record<Signal, Pressure>> = {
  "memory.available": "memory",
  "nodefs.available": "disk",
  "nodefs.inodesFree": "disk",
  "imagefs.available": "disk",
  "imagefs.inodesFree": "disk",
  "pid.available": "pid",
};

/** A shortage that is over still shows this long, so that a node does not go to and fro (evictionPressureTransitionPeriod). */
const TRANSITION_MS = 300_000;

/** When each shortage was last seen, milliseconds since the epoch. */
export type PressureState = { readonly [pressure in Pressure]?: number };

/** The signals that are below their thresholds. What could not be measured is not, nor what has no bounds at all. */
export function shortages(measured: ReadonlyMap<Signal, Amount>, thresholds: Thresholds): readonly Signal[] {
  return SIGNALS.filter((signal) => {
    const threshold = thresholds[signal];
    const amount = measured.get(signal);
    // Some file systems count no inodes.
    if (threshold === undefined || amount === undefined || amount.capacity <= 0) return false;
    return amount.available < thresholdValue(threshold, amount.capacity);
  });
}

const RESOURCES: Readonly<Record<Signal, Pick<Shortage, "resource" | "disk">>> = {
  "memory.available": { resource: "memory" },
  "nodefs.available": { resource: "ephemeral-storage", disk: "node" },
  "nodefs.inodesFree": { resource: "inodes", disk: "node" },
  "imagefs.available": { resource: "ephemeral-storage", disk: "images" },
  "imagefs.inodesFree": { resource: "inodes", disk: "images" },
  "pid.available": { resource: "pids" },
};

/** One of the {@link shortages}, with what the eviction needs to act upon it. */
export function describeShortage(
  signal: Signal,
  measured: ReadonlyMap<Signal, Amount>,
  thresholds: Thresholds,
): Shortage {
  const { available, capacity } = measured.get(signal) ?? { available: 0, capacity: 0 };
  const set = thresholds[signal] ?? "0";
  const { resource, disk } = RESOURCES[signal];
  const counted = resource === "inodes" || resource === "pids";
  const threshold =
    typeof set === "string" && !set.endsWith("%")
      ? canonicalQuantity(set)
      : formatQuantity(quantityOf(thresholdValue(set, capacity), counted ? "DecimalSI" : "BinarySI"));
  return { resource, ...(disk ? { disk } : {}), threshold, available };
}

/** Takes a measurement in. */
export function stepPressure(state: PressureState, short: readonly Signal[], now: number): PressureState {
  return short.reduce<PressureState>((next, signal) => ({ ...next, [SHOWN_AS[signal]]: now }), state);
}

/** Whether the node is under this pressure, or was a moment ago. */
export function isUnder(state: PressureState, pressure: Pressure, now: number): boolean {
  const seen = state[pressure];
  return seen !== undefined && now - seen < TRANSITION_MS;
}
