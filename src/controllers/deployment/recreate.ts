import type { ReplicaSet } from "#objects";
import type { Limits } from "./limits.ts";
import { actualOf, isActive, nameOf, sizeOf, type Sizes } from "./sets.ts";

export type RecreateDecision =
  /** Old sets are told to end. */
  | { readonly type: "end-old"; readonly sizes: Sizes }
  /** They still have pods, be they terminating. */
  | { readonly type: "wait" }
  | { readonly type: "create"; readonly size: number }
  | { readonly type: "scale"; readonly sizes: Sizes };

/**
 * Every old pod ends before the first new one starts. `setsWithPods` names the sets that have pods which
 * are not at their end, terminating ones included: the status of a set does not count those.
 */
export function decideRecreate(
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  { desired }: Limits,
  setsWithPods: ReadonlySet<string>,
): RecreateDecision {
  const active = old.filter(isActive);
  if (active.length > 0) return { type: "end-old", sizes: new Map(active.map((set) => [nameOf(set), 0])) };
  if (old.some((set) => actualOf(set) > 0 || setsWithPods.has(nameOf(set)))) return { type: "wait" };
  if (!newest) return { type: "create", size: desired };
  return { type: "scale", sizes: sizeOf(newest) === desired ? new Map() : new Map([[nameOf(newest), desired]]) };
}
