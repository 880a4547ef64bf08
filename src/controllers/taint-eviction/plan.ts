import { toleratesTaint, type Node, type Pod, type Taint } from "#objects";
import type { Plan } from "../framework/index.ts";

export interface EvictionView {
  /** Undefined: it is gone. */
  readonly pod: Pod | undefined;
  /** Undefined: nothing is known of its taints. */
  readonly node: Node | undefined;
  /** When the pod is to leave, as planned earlier. */
  readonly due: number | undefined;
}

export type EvictionStep =
  /** Remember when the pod must leave. */
  | { readonly type: "schedule"; readonly due: number }
  /** It need not leave after all. */
  | { readonly type: "cancel" }
  | { readonly type: "evict"; readonly pod: Pod };

const nothing = (because: string): Plan<EvictionStep> => ({ steps: [], because });

/**
 * When a pod must leave its node because of NoExecute taints (upstream tainteviction): at once if it does not tolerate
 * one of them, else after the shortest tolerationSeconds among the tolerations that it needs. The time runs from the
 * first look at the pod and its taints, not from when the taints were added; what is scheduled stays until it is
 * cancelled. `now` and the times in the plan are milliseconds on a clock that is never set.
 */
export function planEviction({ pod, node, due }: EvictionView, now: number): Plan<EvictionStep> {
  const cancelled = (because: string): Plan<EvictionStep> =>
    due === undefined ? nothing(because) : { steps: [{ type: "cancel" }], because };
  if (!pod) return cancelled("the pod is gone");
  if (pod.metadata.deletionTimestamp !== undefined) return nothing("the pod is being deleted");
  // What is known of a node that is gone stays as it was.
  const taints = node ? (node.spec?.taints ?? []).filter((taint: Taint) => taint.effect === "NoExecute") : undefined;
  if (taints?.length === 0) return cancelled("its node has no NoExecute taint");
  if (taints) {
    const seconds = tolerated(pod, taints);
    if (seconds === undefined) {
      const steps: EvictionStep[] = [{ type: "evict", pod }];
      return {
        steps: due === undefined ? steps : [{ type: "cancel" }, ...steps],
        because: "it does not tolerate a taint",
      };
    }
    if (seconds === Infinity) return cancelled("it tolerates the taints for ever");
    if (due === undefined) {
      if (seconds <= 0) return { steps: [{ type: "evict", pod }], because: "it tolerates the taints for no time" };
      const at = now + seconds * 1000;
      return {
        steps: [{ type: "schedule", due: at }],
        requeueAt: at,
        because: `it tolerates the taints for ${seconds} s`,
      };
    }
  }
  if (due === undefined) return nothing("its node is not known");
  return due <= now
    ? { steps: [{ type: "evict", pod }], because: "its time is over" }
    : { steps: [], requeueAt: due, because: "its time is not over" };
}

/** For how many seconds the pod tolerates all of the taints; undefined: not at all. */
function tolerated(pod: Pod, taints: readonly Taint[]): number | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  let shortest = Infinity;
  for (const taint of taints) {
    // Of several that fit a taint the first counts, as upstream.
    const fitting = tolerations.find((toleration) => toleratesTaint(toleration, taint));
    if (!fitting) return undefined;
    const { tolerationSeconds } = fitting;
    if (tolerationSeconds !== undefined) shortest = Math.min(shortest, Math.max(0, Number(tolerationSeconds)));
  }
  return shortest;
}
