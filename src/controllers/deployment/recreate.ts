import type { ReplicaSet } from "#objects";
import type { Limits } from "./limits.ts";
import { actualOf, isActive, nameOf, sizeOf, type Sizes } from "./sets.ts";

export type RecreatePlan =
  /** Old sets are told to end. */
  | { readonly type: "end-old"; readonly sizes: Sizes }
  /** They still have pods, be they terminating. */
  | { readonly type: "wait" }
  | { readonly type: "create"; readonly size: number }
  | { readonly type: "scale"; readonly sizes: Sizes };

/**
 * Every old pod ends before the first new one starts. `hasPods` tells whether a set has pods that are not at
 * their end, terminating ones included: the status of a set does not count those.
 */
export function planRecreate(
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  { desired }: Limits,
  hasPods: (set: ReplicaSet) => boolean,
): RecreatePlan {
  const active = old.filter(isActive);
  if (active.length > 0) return { type: "end-old", sizes: new Map(active.map((set) => [nameOf(set), 0])) };
  if (old.some((set) => actualOf(set) > 0 || hasPods(set))) return { type: "wait" };
  if (!newest) return { type: "create", size: desired };
  return { type: "scale", sizes: sizeOf(newest) === desired ? new Map() : new Map([[nameOf(newest), desired]]) };
}
