import { findCondition, formatTime, podCondition, type Lease, type Node, type NodeCondition, type Pod } from "#objects";
import type { PodCondition, Taint } from "#objects";
import type { Plan } from "../framework/definition.ts";
import { conditionOf } from "../framework/pod-condition.ts";
import { observeHeartbeat, readyCondition, silentConditions, type Heartbeat } from "./health.ts";
import { missingLabels } from "./labels.ts";
import { evictingKey, isEvicting, noScheduleTaints } from "./taints.ts";

export interface NodeView {
  readonly node: Node;
  /** It waits for its turn to get a NoExecute taint. */
  readonly isQueued: boolean;
}

export type NodeStep =
  | { readonly type: "set-taints"; readonly taints: readonly Taint[] }
  | { readonly type: "label"; readonly labels: Readonly<Record<string, string>> }
  /** Take the NoExecute taints off it, and its turn to get one. */
  | { readonly type: "spare" };

/**
 * What a node needs at once when it has changed: the taints that keep new pods away, labels, and no other taint when it
 * is ready (upstream doNoScheduleTaintingPass, reconcileNodeLabels).
 */
export function planNode({ node, isQueued }: NodeView, now: number): Plan<NodeStep> {
  const steps: NodeStep[] = [];
  const taints = noScheduleTaints(node, formatTime(now));
  const isReady = readyCondition(node)?.status === "True";
  if (taints) steps.push({ type: "set-taints", taints });
  else if (isReady && (isQueued || isEvicting(node))) steps.push({ type: "spare" });
  const labels = missingLabels(node);
  if (labels) steps.push({ type: "label", labels });
  return { steps, because: taints ? "its conditions have turned" : isReady ? "it is ready" : "its taints are right" };
}

export interface RollView {
  readonly present: readonly Node[];
  /** The nodes of the look before, by name, as they were then. */
  readonly known: ReadonlyMap<string, Node>;
}

export type RollStep =
  | { readonly type: "register"; readonly node: Node }
  | { readonly type: "remove"; readonly node: Node };

/** Which nodes have come and gone since the last look (upstream classifyNodes). */
export function planRoll({ present, known }: RollView): Plan<RollStep> {
  const names = new Set(present.map(({ metadata }) => metadata.name ?? ""));
  const come = present.filter(({ metadata }) => !known.has(metadata.name ?? ""));
  const gone = [...known].filter(([name]) => !names.has(name)).map(([, node]) => node);
  return {
    steps: [
      ...come.map((node): RollStep => ({ type: "register", node })),
      ...gone.map((node): RollStep => ({ type: "remove", node })),
    ],
    because: `${come.length} nodes have come, ${gone.length} have gone`,
  };
}

export interface HealthView {
  readonly node: Node;
  readonly lease: Lease | undefined;
  /** What was seen of it before. */
  readonly heartbeat: Heartbeat | undefined;
  /** The time on the clock that is never set, in milliseconds: silence does not come of a clock that is set. */
  readonly monotonic: number;
}

export type HealthStep =
  /** Remember this as the last that was seen of it. */
  | { readonly type: "observe"; readonly heartbeat: Heartbeat }
  /** It has been silent too long: its conditions are to say so. */
  | { readonly type: "set-conditions"; readonly conditions: readonly NodeCondition[] };

/** Whether a node has been heard of in time (upstream tryUpdateNodeHealth). */
export function planHealth({ node, lease, heartbeat, monotonic }: HealthView, now: number): Plan<HealthStep> {
  const seen = observeHeartbeat(heartbeat, node, lease, monotonic);
  const conditions = silentConditions(node, seen, monotonic, formatTime(now));
  const observe: HealthStep[] = seen === heartbeat ? [] : [{ type: "observe", heartbeat: seen }];
  const because = `it was heard of ${(monotonic - seen.seenAt) / 1000} s ago`;
  return { steps: conditions ? [...observe, { type: "set-conditions", conditions }] : observe, because };
}

export interface ConsequencesView {
  /** After its conditions were put right. */
  readonly node: Node;
  /** What its condition Ready said before that. */
  readonly observed: string;
  /** This is the first look at it. */
  readonly isNew: boolean;
  /** It waits for its turn to get a NoExecute taint. */
  readonly isQueued: boolean;
  /** Not all of its pods could be marked as not ready at an earlier look. */
  readonly isUnfinished: boolean;
}

export type ConsequencesStep =
  | { readonly type: "spare" }
  /** Its NoExecute taint is to be this one: what drives pods away already may change its name at once. */
  | { readonly type: "swap-taint"; readonly key: string | undefined }
  /** It waits for its turn to get a NoExecute taint. */
  | { readonly type: "queue" }
  /** Say that it is not ready any more. */
  | { readonly type: "report" }
  | { readonly type: "mark-pods" };

/** What follows from the readiness of a node for its pods (upstream monitorNodeHealth, processTaintBaseEviction). */
export function planConsequences(view: ConsequencesView): Plan<ConsequencesStep> {
  const { node, observed, isNew, isQueued, isUnfinished } = view;
  const status = readyCondition(node)?.status;
  if (status === undefined) return { steps: [], because: "it has never said whether it is ready" };
  const steps: ConsequencesStep[] = [];
  const drivesAway = isEvicting(node);
  // What was decided about a node before this controller began is decided anew, at the rate of its zone.
  const isSpared = observed === "True" ? drivesAway || isQueued : isNew && drivesAway;
  if (isSpared) steps.push({ type: "spare" });
  else if (drivesAway) steps.push({ type: "swap-taint", key: evictingKey(observed) });
  if (observed !== "True" && (isNew || !drivesAway)) steps.push({ type: "queue" });
  const fellSilent = status !== "True" && observed === "True";
  if (fellSilent) steps.push({ type: "report" });
  if (status !== "True" && (fellSilent || isUnfinished)) steps.push({ type: "mark-pods" });
  return { steps, because: `its condition Ready was ${observed} and is ${status}` };
}

export interface PodsView {
  readonly pods: readonly Pod[];
  /** What the condition Ready of their node says; undefined: nothing, or the node is not known. */
  readonly ready: string | undefined;
}

export interface PodsStep {
  readonly type: "mark-not-ready";
  readonly pod: Pod;
  /** All of its conditions. */
  readonly conditions: readonly PodCondition[];
}

/** The pods of a node that is not ready count as not ready: nothing there can tell (upstream MarkPodsNotReady). */
export function planPods({ pods, ready }: PodsView, now: number): Plan<PodsStep> {
  if (ready === undefined) return { steps: [], because: "their node does not say whether it is ready" };
  if (ready === "True") return { steps: [], because: "their node is ready" };
  const steps = pods.flatMap((pod): PodsStep[] => {
    const before = podCondition(pod, "Ready");
    if (!before || before.status === "False") return [];
    const turned = { ...before, ...conditionOf(pod, { type: "Ready", status: "False" }, now) };
    const conditions = (pod.status?.conditions ?? []).map((one) => (one === before ? turned : one));
    return [{ type: "mark-not-ready", pod, conditions }];
  });
  return { steps, because: `their node is not ready, and ${steps.length} of ${pods.length} still say that they are` };
}

/** What the condition Ready of a node says. */
export const readinessOf = (node: Node | undefined): string | undefined =>
  findCondition(node?.status?.conditions, "Ready")?.status;
