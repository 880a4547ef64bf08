import type { ReplicaSet } from "#objects";

/** How many pods the set is to have. */
export const sizeOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1;

/** How many pods, not counting terminating ones, it was last seen to have. */
export const actualOf = (set: ReplicaSet): number => set.status?.replicas ?? 0;

/**
 * How many of its pods can be counted on to be available once it has its size: a set that is being scaled down
 * still reports the pods that it is about to delete, unavailable ones first.
 */
export const availableOf = (set: ReplicaSet, size = sizeOf(set)): number =>
  Math.min(set.status?.availableReplicas ?? 0, size);

/** Whether its controller has acted on its size, so that it has at most max(size, actual) pods. */
export const isObserved = (set: ReplicaSet): boolean =>
  (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);

/** How many pods it has at most: its size, and those it has not deleted yet. */
export const mostOf = (set: ReplicaSet): number => Math.max(sizeOf(set), actualOf(set));

export const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + of(set), 0);

/** Sets that are to have pods. */
export const isActive = (set: ReplicaSet): boolean => sizeOf(set) > 0;

/** Oldest first; sets of the same second by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [timeA, timeB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

/** Planned sizes by the set's name; a set that is not in it keeps its size. */
export type Sizes = ReadonlyMap<string, number>;

export const nameOf = (set: ReplicaSet): string => set.metadata.name ?? "";
