import type { Clock, Log, Random, Scope } from "#base";
import { createRecorder, type Client } from "#client";
import { isPodTerminal, type Node, type Pod } from "#objects";
import { startEviction } from "./eviction/manager.ts";
import type { CollectionPolicy } from "./images/collection.ts";
import { startImageCollector, type ImageCollector } from "./images/collector.ts";
import { imagesInUse } from "./pod/images-in-use.ts";
import { logSource } from "./logs/source.ts";
import { createUsageCounter, lackingFor, refusalOf } from "./node/admission.ts";
import { startNodeAgent } from "./node/agent.ts";
import type { NodeDescription } from "./node/describe.ts";
import { WELL, type NodeMonitor } from "./node/health.ts";
import { planPreemption } from "./node/preemption.ts";
import { isCriticalPod, pressureRefusal } from "./node/pressure.ts";
import type { Happening } from "./pod/happening.ts";
import { isSettled } from "./pod/plan.ts";
import { apiRecord, type PodRecord } from "./pod/record.ts";
import { PodWorker, type WorkerContext } from "./pod/worker.ts";
import type { LogLine, LogOptions, NodeStats, Runtime } from "./runtime.ts";
import type { Sources } from "./sources.ts";
import { isMirrorPod, uidOnNode } from "./static/annotations.ts";
import { startStaticPods, type StaticPodSource } from "./static/static-pods.ts";
import { joinStreams, type KubeletStreams } from "./streams.ts";
import type { Volumes } from "./volumes.ts";

export interface KubeletOptions {
  readonly node: NodeDescription;
  readonly runtime: Runtime;
  /** Where ConfigMaps, Secrets and the like are looked up; without it, there are none for this node. */
  readonly sources?: Sources;
  /** Without it, pods get no volumes. */
  readonly volumes?: Volumes;
  /** Absent for a node that is always well. */
  readonly monitor?: NodeMonitor;
  /** Pods that the node runs without being asked to by the API. */
  readonly staticPods?: StaticPodSource;
  /** When unused images go; by default as upstream has it. */
  readonly imagePolicy?: CollectionPolicy;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops the kubelet; what runs goes on running. */
  readonly scope: Scope;
  /** The Node as the API has it by now: its labels and taints may be other people's. */
  readonly currentNode: () => Node | undefined;
}

/** The agent of one node. */
export interface Kubelet {
  readonly nodeName: string;
  /** Takes in the state of a pod assigned to this node, as the API has it. */
  observe(pod: Pod): void;
  /** The API has the pod no longer. */
  forget(pod: Pod): void;
  /**
   * What a container of a pod has written.
   *
   * @throws StatusError BadRequest when there is no such log.
   */
  logs(pod: Pod, container: string, options: LogOptions & { readonly previous: boolean }): AsyncIterable<LogLine>;
  /** Ways into what runs; absent when there are no processes to get at. */
  readonly streams?: KubeletStreams;
  /** Of the node, by now. */
  readonly labels?: () => Readonly<Record<string, string>>;
  /** The pods of the node, with what the kubelet knows of them. */
  pods(): readonly Pod[];
  /** What the node and its containers have used so far; absent when nothing is measured. */
  readonly stats?: () => Promise<NodeStats>;
}

/** In upstream's words (pkg/kubelet/preemption). */
const PREEMPTED: Happening = {
  type: "evicted",
  reason: "Preempting",
  message: "Preempted in order to admit critical pod",
  disruption: "Pod was preempted by Kubelet to accommodate a critical pod.",
  grace: "own",
};

/** Registers the node and makes its kubelet; the pods are handed to it by whoever watches them. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { node, runtime, monitor, sources, volumes, client, clock, random, scope, currentNode } = options;
  const log = options.log.with({ node: node.name });
  const recorder = createRecorder({ client, component: "kubelet", host: node.name, clock, random, log, scope });
  const workers = new Map<string, PodWorker>();
  /** Pods that the API has no more, while their worker still tidies up; the others' workers stay until it has not. */
  const forgotten = new Set<string>();
  const counter = createUsageCounter();

  scope.defer(async () => {
    for (const worker of workers.values()) worker.close();
    await volumes?.close();
    await runtime.close();
  });
  const health = () => monitor?.health ?? WELL;
  const agent = await startNodeAgent({
    description: node,
    client,
    recorder,
    state: () => ({ health: health(), images: runtime.images(), runtimeVersion: runtime.version }),
    monitor,
    clock,
    random,
    log,
    scope,
  });
  /** Called once a pod that makes room for another is over. */
  const awaited = new Map<string, () => void>();
  const onOver = (uid: string) => {
    counter.remove(uid);
    awaited.get(uid)?.();
    awaited.delete(uid);
  };
  const isActive = ({ view }: PodWorker) => view.lifecycle.state === "active" && !isPodTerminal(view.pod);
  const activePods = () => [...workers.values()].filter(isActive).map(({ view }) => view.pod);
  /** Takes room for a pod that the system cannot do without from others, which end; undefined when it cannot. */
  const preempt = (pod: Pod, on: Node): readonly string[] | undefined => {
    // Nothing but room may be in the way.
    if (!isCriticalPod(pod) || refusalOf(pod, on, { ...counter.usage, pods: 0, requested: {} })) return undefined;
    const others = activePods().filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const victims = planPreemption(pod, others, lackingFor(pod, on, counter.usage));
    if (!victims) return undefined;
    const uids = victims.map(uidOnNode);
    for (const uid of uids) {
      counter.remove(uid);
      workers.get(uid)?.dispatch(PREEMPTED);
    }
    counter.add(pod);
    return uids;
  };
  const untilOver = async (uids: readonly string[]): Promise<undefined> => {
    await Promise.all(uids.map((uid) => new Promise<void>((resolve) => awaited.set(uid, resolve))));
  };
  const context: WorkerContext = {
    record: apiRecord(client),
    runtime,
    sources,
    volumes,
    allocatable: () => (currentNode() ?? agent.node)?.status?.allocatable ?? node.allocatable ?? node.capacity,
    recorder,
    clock,
    random,
    log,
    nodeIps: node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address),
    signal: scope.signal,
    admit(pod) {
      counter.remove(pod.metadata.uid ?? "");
      const node = currentNode() ?? agent.node;
      const refusal = pressureRefusal(pod, health()) ?? refusalOf(pod, node, counter.usage);
      if (!refusal) {
        counter.add(pod);
        return undefined;
      }
      const victims = preempt(pod, node);
      return victims ? untilOver(victims) : refusal;
    },
    onOver,
    onGone(uid) {
      onOver(uid);
      if (forgotten.delete(uid)) workers.delete(uid);
    },
    onImages: () => agent.imagesChanged(),
  };

  let images: ImageCollector | undefined;
  if (runtime.imageStore) {
    images = startImageCollector({
      store: runtime.imageStore,
      inUse: () => imagesInUse([...workers.values()].map(({ view }) => view)),
      recorder,
      node: () => agent.node,
      clock,
      log,
      scope,
      onImages: context.onImages,
      ...(options.imagePolicy ? { policy: options.imagePolicy } : {}),
    });
  }

  if (monitor?.look) {
    const { look, imagesApart = false } = monitor;
    startEviction({
      monitor: { look: () => look(), imagesApart },
      runtime,
      volumes,
      activePods,
      evict: (pod, message, low) =>
        workers.get(uidOnNode(pod))?.dispatch({
          type: "evicted",
          reason: "Evicted",
          message,
          grace: "none",
          ...(low ? { disruption: message } : {}),
        }),
      isOver(pod) {
        const worker = workers.get(uidOnNode(pod));
        return worker === undefined || isSettled(worker.view);
      },
      reclaimDisk: images && (() => images.removeUnused()),
      recorder,
      node: () => currentNode() ?? agent.node,
      clock,
      log,
      scope,
    });
  }

  const viewOf = (pod: Pod) => workers.get(uidOnNode(pod))?.view;
  const begin = (pod: Pod, own: WorkerContext): PodWorker => {
    const { uid = "" } = pod.metadata;
    const worker = new PodWorker(pod, own);
    workers.set(uid, worker);
    if (pod.status?.startTime) counter.add(pod);
    worker.start().catch((error: unknown) => {
      if (!scope.signal.aborted) log.error("a pod could not be taken up", { pod: uid, error });
    });
    return worker;
  };
  const startStatic = (pod: Pod, record: PodRecord, onGone: () => void) =>
    begin(pod, {
      ...context,
      record,
      onGone(uid) {
        onOver(uid);
        workers.delete(uid);
        onGone();
      },
    });
  const staticPods = options.staticPods
    ? startStaticPods({
        source: options.staticPods,
        client,
        clock,
        log,
        scope,
        node: () => currentNode() ?? agent.node,
        start: startStatic,
      })
    : undefined;
  return {
    nodeName: node.name,
    ...(runtime.streams ? { streams: joinStreams(runtime.streams, viewOf) } : {}),
    ...(runtime.stats ? { stats: () => runtime.stats?.() ?? Promise.reject(new Error("nothing is measured")) } : {}),
    labels: () => (currentNode() ?? agent.node)?.metadata.labels ?? {},
    pods: () => [...workers.values()].map(({ view }) => view.pod),
    observe(pod) {
      if (staticPods && isMirrorPod(pod)) {
        staticPods.observeMirror(pod);
        return;
      }
      const { uid = "" } = pod.metadata;
      const known = workers.get(uid);
      if (known) {
        known.dispatch({ type: "observed", pod });
        return;
      }
      // Finished before this kubelet came: nothing runs, and only its deletion would be left to do.
      if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) return;
      begin(pod, context);
    },
    forget(pod) {
      if (staticPods && isMirrorPod(pod)) {
        staticPods.forgetMirror(pod);
        return;
      }
      const { uid = "" } = pod.metadata;
      const worker = workers.get(uid);
      if (worker?.closed) workers.delete(uid);
      else if (worker) {
        forgotten.add(uid);
        worker.dispatch({ type: "forgotten" });
      }
    },
    logs(pod, container, { previous, ...wanted }) {
      // The worker knows of the latest run before the API does.
      const current = viewOf(pod)?.pod ?? pod;
      return runtime.logs(logSource(current, container, previous), wanted);
    },
  };
}
