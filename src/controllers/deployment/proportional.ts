import type { Deployment, ReplicaSet } from "#objects";
import { DESIRED_REPLICAS, MAX_REPLICAS, numberIn } from "./annotations.ts";
import type { Limits } from "./limits.ts";
import type { Revisions } from "./revision.ts";
import { roomToGrow } from "./rolling.ts";
import { actualOf, availableOf, byCreation, isActive, isObserved, nameOf, sizeOf, sum, type Sizes } from "./sets.ts";

/** Whether the Deployment was scaled since its sets were scaled last. */
export function wasScaled(sets: readonly ReplicaSet[], { desired }: Limits): boolean {
  return sets.filter(isActive).some((set) => (numberIn(set, DESIRED_REPLICAS) ?? desired) !== desired);
}

/**
 * New sizes after a scaling, or while a Deployment is paused. One set alone takes it all. In the middle of a
 * rollout, each set gets its share, so that the risk stays spread as it was. The sizes name every set whose
 * replica annotations are to be renewed. `setsWithPods` matters for Recreate only; terminating pods
 * count too.
 */
export function scaleProportionally(
  deployment: Deployment,
  { newest, old }: Revisions,
  limits: Limits,
  setsWithPods: ReadonlySet<string>,
): Sizes {
  const recreate = deployment.spec?.strategy?.type === "Recreate";
  const all = newest ? [...old, newest] : old;
  const active = all.filter(isActive);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? old.at(-1);
    if (!only) return new Map();
    // Growing waits until the pods of other sets that are too many are deleted; shrinking never waits.
    const settled = all.every(
      (set) =>
        set === only ||
        (isObserved(set) && actualOf(set) <= sizeOf(set) && !(recreate && setsWithPods.has(nameOf(set)))),
    );
    return limits.desired > sizeOf(only) && !settled ? new Map() : new Map([[nameOf(only), limits.desired]]);
  }
  if (newest && isSaturated(newest, limits)) {
    return new Map(active.filter((set) => set !== newest).map((set) => [nameOf(set), 0]));
  }
  if (recreate) return new Map();
  return shares(deployment, active, all, limits);
}

/** It has all pods that the Deployment wants, available, and knows that it is to have them. */
function isSaturated(newest: ReplicaSet, { desired }: Limits): boolean {
  return (
    sizeOf(newest) === desired &&
    numberIn(newest, DESIRED_REPLICAS) === desired &&
    (newest.status?.availableReplicas ?? 0) === desired
  );
}

function shares(
  deployment: Deployment,
  active: readonly ReplicaSet[],
  all: readonly ReplicaSet[],
  limits: Limits,
): Sizes {
  const total = sum(active, sizeOf);
  const allowed = limits.desired > 0 ? limits.maxTotal : 0;
  const toAdd = allowed - total;
  if (toAdd > 0 && roomToGrow(all, limits) < toAdd) return new Map();
  // The largest sets first; among equals, newer ones grow first and older ones shrink first.
  const order = toAdd > 0 ? -1 : 1;
  const sorted = active.toSorted((a, b) => sizeOf(b) - sizeOf(a) || order * byCreation(a, b));
  const sizes = new Map<string, number>();
  let added = 0;
  for (const set of sorted) {
    const share = shareOf(set, deployment, limits, toAdd, added);
    sizes.set(nameOf(set), sizeOf(set) + share);
    added += share;
  }
  // What rounding left over goes to the largest.
  const largest = sorted[0]!;
  sizes.set(nameOf(largest), Math.max(0, sizes.get(nameOf(largest))! + toAdd - added));
  return keepAvailable(sizes, sorted, limits);
}

/**
 * Shares may take available pods of one set and leave unavailable ones of another, below the minimum available.
 * Then sets with unavailable pods give up more and the others less; the sum stays (upstream does not look at
 * availability here).
 */
function keepAvailable(planned: Sizes, sets: readonly ReplicaSet[], { minAvailable }: Limits): Sizes {
  const sizes = new Map(planned);
  const size = (set: ReplicaSet) => sizes.get(nameOf(set)) ?? sizeOf(set);
  const kept = sum(sets, (set) => availableOf(set, size(set)));
  let missing =
    Math.min(
      minAvailable,
      sum(sets, (set) => availableOf(set)),
    ) - kept;
  for (const set of sets) {
    let room = Math.min(missing, availableOf(set) - size(set));
    for (const other of sets) {
      const spare = Math.min(room, size(other) - availableOf(other, size(other)));
      if (spare <= 0) continue;
      sizes.set(nameOf(other), size(other) - spare);
      sizes.set(nameOf(set), size(set) + spare);
      room -= spare;
      missing -= spare;
    }
  }
  return sizes;
}

/** How much of `toAdd` (negative when shrinking) falls to the set, when `added` is given out already. */
function shareOf(set: ReplicaSet, deployment: Deployment, limits: Limits, toAdd: number, added: number): number {
  if (toAdd === 0 || toAdd === added) return 0;
  const rest = toAdd - added;
  const fraction = fractionOf(set, deployment, limits);
  // No set shrinks so that another can grow, as it would when earlier changes of the limits left odd proportions.
  return toAdd > 0 ? Math.max(0, Math.min(fraction, rest)) : Math.min(0, Math.max(fraction, rest));
}

function fractionOf(set: ReplicaSet, deployment: Deployment, { desired, maxTotal }: Limits): number {
  const size = sizeOf(set);
  if (desired === 0) return -size;
  // Without the annotation, the present number of pods is the best guess of what it was.
  const before = numberIn(set, MAX_REPLICAS) || deployment.status?.replicas || 0;
  return before === 0 ? 0 : Math.round((size * maxTotal) / before) - size;
}
