import type { ContainerUsage, NodeStats, Usage } from "#kubelet";
import {
  containerStatuses,
  parseTime,
  formatDuration,
  formatQuantity,
  formatTime,
  quantityOf,
  type Pod,
} from "#objects";
import type { NodeMetrics, PodMetrics } from "#registry";

/** Two looks at one node, the earlier first. */
export interface Samples {
  readonly before: NodeStats;
  readonly after: NodeStats;
}

const KIND = { apiVersion: "metrics.k8s.io/v1beta1" } as const;

/** What a node used between two looks at it; undefined when they say nothing (a clock that went back, a restart). */
export function nodeMetrics(
  name: string,
  labels: Readonly<Record<string, string>>,
  { before, after }: Samples,
  now: number,
): NodeMetrics | undefined {
  const usage = rate(before.node, after.node);
  if (!usage) return undefined;
  const metadata = { name, creationTimestamp: formatTime(now), labels };
  return { ...KIND, kind: "NodeMetrics", metadata, ...span(before.node, after.node), usage };
}

/** The same of a pod: only when all of its containers that run were there both times. */
export function podMetrics(pod: Pod, { before, after }: Samples, now: number): PodMetrics | undefined {
  const { name = "", namespace = "", uid, labels = {} } = pod.metadata;
  const containers: PodMetrics["containers"][number][] = [];
  let earliest: { readonly first: Usage; readonly later: Usage } | undefined;
  for (const later of containersOf(after, uid)) {
    const then = containersOf(before, uid).find(({ id }) => id === later.id) ?? beginning(pod, later, before);
    const usage = then && rate(then, later);
    if (!usage) return undefined;
    containers.push({ name: later.name, usage });
    if (!earliest || later.time < earliest.later.time) earliest = { first: then, later };
  }
  if (!earliest) return undefined;
  const metadata = { name, namespace, creationTimestamp: formatTime(now), labels };
  return { ...KIND, kind: "PodMetrics", metadata, ...span(earliest.first, earliest.later), containers };
}

/** By the uid of the pod. A look is asked about each pod of its node. */
const byPod = new WeakMap<NodeStats, ReadonlyMap<string, readonly ContainerUsage[]>>();

function containersOf(stats: NodeStats, uid = ""): readonly ContainerUsage[] {
  let found = byPod.get(stats);
  if (!found) {
    found = Map.groupBy(stats.containers, ({ podUid }) => podUid);
    byPod.set(stats, found);
  }
  return found.get(uid) ?? [];
}

/** A container younger than this says too little of itself (metrics-server). */
const FRESH_MS = 10_000;

/** Of a container that began between the two looks: nothing, when it began. */
function beginning(pod: Pod, { id, time }: ContainerUsage, before: NodeStats): Usage | undefined {
  const status = containerStatuses(pod).find(({ containerID }) => containerID === id);
  const startedAt = parseTime(status?.state?.running?.startedAt ?? "");
  if (startedAt === undefined || startedAt < before.node.time || time - startedAt < FRESH_MS) return undefined;
  return { time: startedAt, cpuNanoseconds: 0, workingSetBytes: 0 };
}

const span = (then: Usage, later: Usage) => ({
  timestamp: formatTime(later.time),
  window: formatDuration(later.time - then.time),
});

/** Nanocores between the two, and the memory at the end. */
function rate(then: Usage, later: Usage): NodeMetrics["usage"] | undefined {
  const ms = later.time - then.time;
  const used = later.cpuNanoseconds - then.cpuNanoseconds;
  if (ms <= 0 || used < 0) return undefined;
  const nanocores = { unscaled: BigInt(Math.round((used * 1000) / ms)), scale: -9, format: "DecimalSI" } as const;
  return { cpu: formatQuantity(nanocores), memory: formatQuantity(quantityOf(later.workingSetBytes, "BinarySI")) };
}
