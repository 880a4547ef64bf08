import type { Change } from "#client";
import { jsonText, isPodTerminal, type Namespace, type Node, type Pod } from "#objects";
import { PodInfo } from "./model/pod-info.ts";
import { growsFrom } from "./model/resources.ts";
import type { ClusterEvent } from "./queue/cluster-event.ts";
import type { SchedulingQueue } from "./queue/scheduling-queue.ts";
import { sameLabels, sameTaints, type Placed, type Snapshot } from "./snapshot/snapshot.ts";

export interface ObserverOptions {
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  /** Whether this scheduler is the one that the pod asks for. */
  readonly isOurs: (pod: Pod) => boolean;
  readonly now: () => number;
  /** Pods of ours that have been put on a node and whose binding is under way, by uid. */
  readonly binding: ReadonlySet<string>;
  /** A pod without a node is new or changed: a promise of a node may have come or gone. */
  readonly onWaiting: (pod: PodInfo, previous: Pod | undefined) => void;
  /** A pod is gone, or has a node. `pod`: as it was while it waited, if it did. */
  readonly onSettled: (uid: string, pod: PodInfo | undefined) => void;
  readonly notify: (event: ClusterEvent) => void;
}

/** Turns what the caches see into changes of the snapshot and the queue. */
export interface Observer {
  node(change: Change<Node>): void;
  pod(change: Change<Pod>): void;
  namespace(change: Change<Namespace>): void;
}

export function createObserver(options: ObserverOptions): Observer {
  return { node: nodeObserver(options), pod: podObserver(options), namespace: namespaceObserver(options) };
}

function nodeObserver({ snapshot, notify }: ObserverOptions): Observer["node"] {
  return ({ object, type }) => {
    const name = object.metadata.name ?? "";
    if (type === "deleted") {
      snapshot.removeNode(name);
      notify({ type: "node-removed" });
      return;
    }
    const before = snapshot.node(name);
    const allocatable = before?.allocatable;
    const old = before?.node;
    snapshot.setNode(object);
    const node = snapshot.node(name)!;
    if (!old || !allocatable) {
      notify({ type: "node-added", node });
      return;
    }
    const grew = growsFrom(allocatable, node.allocatable);
    const relabelled = !sameLabels(old.metadata.labels, object.metadata.labels);
    const retainted = !sameTaints(old, object);
    if (grew || relabelled || retainted) notify({ type: "node-changed", node, grew, relabelled, retainted });
  };
}

function namespaceObserver({ snapshot, notify }: ObserverOptions): Observer["namespace"] {
  return ({ type, object }) => {
    const name = object.metadata.name ?? "";
    if (type === "deleted") snapshot.removeNamespace(name);
    else if (snapshot.setNamespace(name, object.metadata.labels)) notify({ type: "namespace-changed" });
  };
}

function podObserver(options: ObserverOptions): Observer["pod"] {
  const { snapshot, queue, isOurs, now, binding, notify } = options;

  const settle = (uid: string) => {
    const waited = queue.get(uid)?.info;
    queue.remove(uid);
    options.onSettled(uid, waited);
  };

  const gone = (uid: string) => {
    settle(uid);
    const placed = snapshot.removePod(uid);
    if (placed) notify({ type: "pod-left", pod: placed.pod });
  };

  const onNode = (pod: Pod, nodeName: string) => {
    const uid = pod.metadata.uid ?? "";
    settle(uid);
    const placed = snapshot.placed(uid);
    if (placed && placed.node.name === nodeName && isSame(placed.pod.pod, pod)) {
      placed.pod.pod = pod;
      return;
    }
    const info = new PodInfo(pod);
    snapshot.setPod(info, nodeName);
    for (const event of placementEvents(placed, info, nodeName)) notify(event);
  };

  const waiting = (pod: Pod, previous: Pod | undefined) => {
    const uid = pod.metadata.uid ?? "";
    // The cache has not seen the binding yet.
    if (binding.has(uid) || snapshot.placed(uid)) return;
    if (!isOurs(pod)) return;
    const known = queue.get(uid);
    if (known && previous && isSame(previous, pod)) {
      known.info.pod = pod;
    } else {
      queue.put(new PodInfo(pod), now(), previous !== undefined);
    }
    const queued = queue.get(uid);
    if (queued) options.onWaiting(queued.info, previous);
  };

  return ({ type, object, previous }) => {
    if (type === "deleted" || isPodTerminal(object)) gone(object.metadata.uid ?? "");
    else if (object.spec?.nodeName) onNode(object, object.spec.nodeName);
    else if (object.metadata.deletionTimestamp !== undefined) gone(object.metadata.uid ?? "");
    else waiting(object, previous);
  };
}

/** What it means for pods that wait that a pod is on a node now, after it was elsewhere, another or nowhere. */
function placementEvents(before: Placed | undefined, pod: PodInfo, nodeName: string): readonly ClusterEvent[] {
  if (!before) return [{ type: "pod-placed", pod }];
  const left: ClusterEvent = { type: "pod-left", pod: before.pod };
  if (before.node.name !== nodeName) return [{ type: "pod-placed", pod }, left];
  const relabelled = before.pod.groupKey !== pod.groupKey;
  return [
    ...(relabelled ? [{ type: "pod-relabelled", before: before.pod, pod } as const] : []),
    ...(asksLess(before.pod, pod) ? [left] : []),
  ];
}

/** Whether nothing has changed that scheduling looks at. */
function isSame(a: Pod, b: Pod): boolean {
  return (
    sameSpec(a, b) &&
    (a.metadata.deletionTimestamp === undefined) === (b.metadata.deletionTimestamp === undefined) &&
    sameLabels(a.metadata.labels, b.metadata.labels) &&
    !isResizing(a) &&
    !isResizing(b)
  );
}

/** The generation tells, where there is one. */
function sameSpec(a: Pod, b: Pod): boolean {
  const { generation } = a.metadata;
  if (generation !== undefined && generation === b.metadata.generation) return true;
  return jsonText({ ...a.spec, nodeName: "" }) === jsonText({ ...b.spec, nodeName: "" });
}

/** While a resize is under way, the status decides what the pod counts as asking for. */
function isResizing({ status }: Pod): boolean {
  return status?.conditions?.some(({ type }) => type === "PodResizePending" || type === "PodResizeInProgress") ?? false;
}

function asksLess({ requests: before }: PodInfo, { requests: now }: PodInfo): boolean {
  return (
    now.cpu < before.cpu ||
    now.memory < before.memory ||
    now.ephemeral < before.ephemeral ||
    before.scalars.some(([name, amount]) => (now.scalars.find(([other]) => other === name)?.[1] ?? 0) < amount)
  );
}
