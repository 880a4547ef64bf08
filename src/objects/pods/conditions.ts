import type { Pod, PodCondition } from "../generated/types.ts";

/** What every condition in the API has in common. */
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string;
}

/** The pod's condition of this type, if it has one. */
export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return findCondition(pod.status?.conditions, type);
}

/** The condition of this type, if the list has one. */
export function findCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  // Asked for thousands of objects in a row: without a closure for each.
  if (conditions) for (const condition of conditions) if (condition.type === type) return condition;
  return undefined;
}

/**
 * The list with the condition in it, in place of the one of its type or at the end. `lastTransitionTime`
 * stays the old one when the status stays the same (upstream podutil.UpdatePodCondition).
 */
export function withCondition<C extends Condition>(conditions: readonly C[] | undefined, condition: C): readonly C[] {
  const list = conditions ?? [];
  const index = list.findIndex((other) => other.type === condition.type);
  const old = list[index];
  if (!old) return [...list, condition];
  const kept =
    old.status === condition.status && old.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: old.lastTransitionTime }
      : condition;
  return list.with(index, kept);
}
