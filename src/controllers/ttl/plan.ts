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

export interface TtlView {
  /** Undefined: it is gone, and the cluster may be smaller by it. */
  readonly node: Node | undefined;
  /** How many nodes there are. */
  readonly nodes: number;
  /** The step that was right before. */
  readonly step: number;
}

export type TtlStep =
  /** The cluster has grown or shrunk: all nodes are to be looked at. */
  | { readonly type: "enter"; readonly step: number }
  | { readonly type: "annotate"; readonly node: Node; readonly seconds: string };

/** What a node is to be told, and whether all are to be told something else. */
export function planTtl({ node, nodes, step }: TtlView): Plan<TtlStep> {
  const next = ttlStep(step, nodes);
  const seconds = String(STEPS[next]!.seconds);
  const steps: TtlStep[] = next === step ? [] : [{ type: "enter", step: next }];
  if (!node) return { steps, because: "the node is gone" };
  const present = node.metadata.annotations?.[TTL_ANNOTATION];
  const isRight = present !== undefined && /^[+-]?\d+$/.test(present) && Number(present) === Number(seconds);
  if (isRight) return { steps, because: `it says ${present} s` };
  const because = `a cluster of this size keeps what it reads for ${seconds} s`;
  return { steps: [...steps, { type: "annotate", node, seconds }], because };
}
