import { findCondition, isPodTerminal, type Node, type Pod, type PodStatus } from "#objects";
import type { Plan } from "../framework/definition.ts";
import { conditionOf } from "../framework/pod-condition.ts";

/** Upstream's --terminated-pod-gc-threshold. */
export const TERMINATED_THRESHOLD = 12_500;
/** How long a node must have been missing before its pods go: it may come back under its name. */
export const QUARANTINE_MS = 40_000;

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

export interface QuarantineView {
  /** The nodes that pods name and no watch shows. */
  readonly missing: readonly string[];
  /** Since when those of earlier looks are missing. */
  readonly since: ReadonlyMap<string, number>;
}

export type QuarantineStep =
  /** Remember that the node is missing from now on. */
  | { readonly type: "quarantine"; readonly node: string }
  /** It is back, or no pod names it any more. */
  | { readonly type: "release"; readonly node: string }
  /** Ask the API whether it is gone: a watch may lag, and pods are destroyed by the answer. */
  | { readonly type: "ask"; readonly node: string };

/** Which missing nodes have had their time to come back. `now` and the times in the view: a clock that is never set. */
export function planQuarantine({ missing, since }: QuarantineView, now: number): Plan<QuarantineStep> {
  const steps: QuarantineStep[] = [];
  const still = new Set(missing);
  for (const node of since.keys()) if (!still.has(node)) steps.push({ type: "release", node });
  for (const node of missing) {
    const began = since.get(node);
    if (began === undefined) steps.push({ type: "quarantine", node });
    else if (now - began >= QUARANTINE_MS) steps.push({ type: "ask", node });
  }
  return { steps, because: `${missing.length} nodes that pods name are missing` };
}

export interface GarbageView {
  /** The pods at their end. */
  readonly terminated: readonly Pod[];
  /** The pods that are being deleted. */
  readonly deleting: readonly Pod[];
  /** The nodes of these, by name. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** The pods of nodes that are gone for good. */
  readonly orphaned: readonly Pod[];
}

export interface GarbageStep {
  readonly type: "remove";
  readonly pod: Pod;
  /** What its status is to say before the pod goes, as a strategic merge patch: no kubelet will say it. */
  readonly status?: PodStatus;
  /** Why this pod: for the log. */
  readonly reason: "terminated" | "out-of-service" | "orphaned" | "unscheduled";
}

/**
 * The pods that no kubelet would finish, or that have been finished beyond measure (upstream podgc): the oldest of the
 * finished ones above the threshold, those being deleted on nodes that are out of service, those of nodes that are
 * gone, and those being deleted that were never on a node.
 */
export function planGarbage(view: GarbageView, now: number, threshold = TERMINATED_THRESHOLD): Plan<GarbageStep> {
  const { terminated, deleting, nodes, orphaned } = view;
  const steps = new Map<Pod, GarbageStep>();
  const remove = (pod: Pod, reason: GarbageStep["reason"]) => {
    if (steps.has(pod)) return;
    const status = isPodTerminal(pod) ? undefined : failedStatus(pod, reason, now);
    steps.set(pod, { type: "remove", pod, reason, ...(status ? { status } : {}) });
  };
  const surplus = terminated.length - threshold;
  if (surplus > 0)
    for (const pod of terminated.toSorted(evictedAndOldFirst).slice(0, surplus)) remove(pod, "terminated");
  for (const pod of deleting) {
    const node = nodes.get(pod.spec?.nodeName ?? "");
    if (node && isOutOfService(node)) remove(pod, "out-of-service");
  }
  for (const pod of orphaned) remove(pod, "orphaned");
  for (const pod of deleting) if (!pod.spec?.nodeName) remove(pod, "unscheduled");
  const counts = Object.entries(Object.groupBy(steps.values(), ({ reason }) => reason));
  const told = counts.map(([reason, { length }]) => `${length} ${reason}`);
  return { steps: [...steps.values()], because: told.length > 0 ? told.join(", ") : "no pod is in the way" };
}

function failedStatus(pod: Pod, reason: GarbageStep["reason"], now: number): PodStatus {
  const { generation } = pod.metadata;
  const failed = { phase: "Failed", ...(generation === undefined ? {} : { observedGeneration: generation }) };
  if (reason !== "orphaned") return failed;
  const because = { reason: "DeletionByPodGC", message: "PodGC: node no longer exists" };
  return { ...failed, conditions: [conditionOf(pod, { type: "DisruptionTarget", status: "True", ...because }, now)] };
}

/** Whether an administrator has said that the node is down for good: a taint, which a ready node contradicts. */
function isOutOfService({ spec, status }: Node): boolean {
  if (findCondition(status?.conditions, "Ready")?.status === "True") return false;
  return spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true;
}

const wasEvicted = ({ status }: Pod) => status?.phase === "Failed" && status.reason === "Evicted";
const createdAt = ({ metadata }: Pod) => Date.parse(metadata.creationTimestamp ?? "");
const nameOf = ({ metadata: { name = "" } }: Pod) => name;

/** Evicted pods say little, and one more was made for each: they go first. */
function evictedAndOldFirst(a: Pod, b: Pod): number {
  const evicted = Number(wasEvicted(b)) - Number(wasEvicted(a));
  return evicted || createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1);
}
