import type { Node } from "#objects";
import type { Plan } from "../framework/index.ts";

export const TTL_ANNOTATION = "node.alpha.kubernetes.io/ttl";

/** How long kubelets may keep what they have read, by the size of the cluster; the sizes overlap, so that none flaps. */
const STEPS = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: Infinity, seconds: 300 },
] as const;

/** The step for a cluster of so many nodes that was at `step` before (upstream ttl controller). */
export function ttlStep(step: number, nodes: number): number {
  let next = step;
  while (nodes > STEPS[next]!.to) next++;
  while (nodes < STEPS[next]!.from) next--;
  return next;
}

/** The annotation that a node lacks. */
export function planTtl(node: Node, step: number): Plan<{ readonly type: "annotate"; readonly seconds: string }> {
  const seconds = String(STEPS[step]!.seconds);
  const present = node.metadata.annotations?.[TTL_ANNOTATION];
  const isRight = present !== undefined && /^[+-]?\d+$/.test(present) && Number(present) === Number(seconds);
  return isRight
    ? { steps: [], because: `it says ${present} s` }
    : {
        steps: [{ type: "annotate", seconds }],
        because: `a cluster of this size keeps what it reads for ${seconds} s`,
      };
}
