import type { Diagnosis } from "./decide.ts";

const NO_NODES = "no nodes available to schedule pods";

/**
 * Before preemption is tried, room could be made by taking devices of resource claims back (upstream's
 * DynamicResources). There are no claims here.
 */
const NO_CLAIMS = "no new claims to deallocate, ";

/** `2 Insufficient cpu` for each reason, sorted as text (upstream FitError). */
function histogram(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}

/** Why a pod cannot be scheduled, in one line: the text of its Event and its condition. */
export function describeRefusal(diagnosis: Diagnosis, preemption = ""): string {
  const { nodes, overall, refusals, absent } = diagnosis;
  if (nodes === 0) return NO_NODES;
  let message = `0/${nodes} nodes are available:`;
  if (overall) {
    message += ` ${overall.reasons.join(", ")}.`;
  } else {
    const counts = new Map<string, number>();
    const count = (reasons: readonly string[], by: number) => {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + by);
    };
    for (const { reasons } of refusals.values()) count(reasons, 1);
    if (absent && refusals.size < nodes) count(absent.reasons, nodes - refusals.size);
    const text = histogram(counts);
    if (text) message += ` ${text}.`;
  }
  return preemption ? `${message} ${NO_CLAIMS}${preemption}` : message;
}
