import type { ReplicaSet } from "#objects";
import type { Limits } from "./limits.ts";
import { availableOf, byCreation, isActive, isObserved, mostOf, nameOf, sizeOf, sum, type Sizes } from "./sets.ts";

/**
 * How many pods more may be created now, over all sets. Counts what is really there and not only what is asked
 * for: a set that was scaled down keeps its pods until its controller has deleted them, and as long as one has
 * not acted on its size yet nothing grows. So the surge limit holds at every instant, also when controllers lag
 * (upstream counts sizes only, and may exceed it for a moment).
 */
export function roomToGrow(sets: readonly ReplicaSet[], { maxTotal }: Limits): number {
  return sets.every(isObserved) ? Math.max(0, maxTotal - sum(sets, mostOf)) : 0;
}

/** The size of the newest set: as far up as the surge allows, but no further than desired. */
export function growNewest(newest: ReplicaSet, old: readonly ReplicaSet[], limits: Limits): number {
  const size = sizeOf(newest);
  if (size >= limits.desired) return limits.desired;
  return size + Math.min(roomToGrow([...old, newest], limits), limits.desired - size);
}

/** The size that a set which does not exist yet is to be created with. */
export function sizeWhenCreated(old: readonly ReplicaSet[], limits: Limits): number {
  return Math.min(roomToGrow(old, limits), limits.desired);
}

/**
 * Smaller sizes for old sets: first without their unavailable pods, which would hold up the rollout, then as
 * far down as enough available pods remain; the oldest sets first. `newest` may be yet to be created.
 */
export function shrinkOld(newest: NewestSize, old: readonly ReplicaSet[], limits: Limits): Sizes {
  const { minAvailable } = limits;
  const active = old.filter(isActive).toSorted(byCreation);
  const sizes = new Map<string, number>();
  const size = (set: ReplicaSet) => sizes.get(nameOf(set)) ?? sizeOf(set);

  const removable = sum(active, sizeOf) + newest.size - minAvailable - (newest.size - newest.available);
  let cleanUp = Math.max(0, removable);
  if (cleanUp === 0) return sizes;
  for (const set of active) {
    const unavailable = Math.min(sizeOf(set) - availableOf(set), cleanUp);
    if (unavailable > 0) sizes.set(nameOf(set), sizeOf(set) - unavailable);
    cleanUp -= unavailable;
  }

  let spare = sum(active, (set) => availableOf(set, size(set))) + newest.available - minAvailable;
  for (const set of active) {
    const count = Math.min(size(set), Math.max(0, spare));
    if (count > 0) sizes.set(nameOf(set), size(set) - count);
    spare -= count;
  }
  return sizes;
}

/** What {@link shrinkOld} needs to know of the newest set. */
export interface NewestSize {
  readonly size: number;
  readonly available: number;
}
