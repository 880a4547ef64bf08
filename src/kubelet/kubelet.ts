import type { Clock, Log, Random, Scope } from "#base";
import { createRecorder, type Client, type EventRecorder } from "#client";
import type { Node, Pod } from "#objects";
import { startEviction } from "./eviction/manager.ts";
import type { CollectionPolicy } from "./images/collection.ts";
import { startImageCollector, type ImageCollector } from "./images/collector.ts";
import { logSource } from "./logs/source.ts";
import { startNodeAgent, type NodeAgent } from "./node/agent.ts";
import type { NodeDescription } from "./node/describe.ts";
import { WELL, type NodeHealth, type NodeMonitor } from "./node/health.ts";
import { createPodAdmission } from "./node/pod-admission.ts";
import { imagesInUse } from "./pod/images-in-use.ts";
import { isSettled } from "./pod/plan.ts";
import { apiRecord } from "./pod/record.ts";
import { PodWorkers } from "./pod/workers.ts";
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

/** Registers the node and makes its kubelet; the pods are handed to it by the component that watches them. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { node, runtime, monitor, volumes, client, clock, random, scope, currentNode } = options;
  const log = options.log.with({ node: node.name });
  const recorder = createRecorder({ client, component: "kubelet", host: node.name, clock, random, log, scope });
  const health = () => monitor?.health ?? WELL;

  scope.defer(async () => {
    workers?.close();
    await volumes?.close();
    await runtime.close();
  });
  let workers: PodWorkers | undefined;
  const agent = await startNodeAgent({
    description: node,
    client,
    recorder,
    state: () => ({ health: health(), images: runtime.images(), runtimeVersion: runtime.version }),
    currentNode,
    monitor,
    clock,
    random,
    log,
    scope,
  });
  const parts: Parts = { ...options, log, recorder, agent, nodeNow: () => currentNode() ?? agent.node };
  workers = createWorkers(parts, health);
  const images = collectImages(parts, workers);
  evictUnderPressure(parts, workers, images);
  return kubeletOf(parts, workers);
}

/** What the parts of a kubelet are made with. */
interface Parts extends KubeletOptions {
  readonly recorder: EventRecorder;
  readonly agent: NodeAgent;
  /** The Node as the API has it by now. */
  readonly nodeNow: () => Node;
}

function createWorkers(parts: Parts, health: () => NodeHealth): PodWorkers {
  const { node, client, sources, volumes, runtime, recorder, agent, clock, random, log, scope } = parts;
  const admission = createPodAdmission({
    node: parts.nodeNow,
    health,
    activePods: () => workers.activePods(),
    evict: (uid, happening) => workers.dispatch(uid, happening),
  });
  const workers: PodWorkers = new PodWorkers(
    {
      record: apiRecord(client),
      runtime,
      sources,
      volumes,
      allocatable: () => parts.nodeNow().status?.allocatable ?? node.allocatable ?? node.capacity,
      recorder,
      clock,
      random,
      log,
      nodeIps: node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address),
      signal: scope.signal,
      admit: (pod) => admission.admit(pod),
      onOver: (uid) => admission.release(uid),
      onImages: () => agent.imagesChanged(),
    },
    (pod) => admission.readmit(pod),
  );
  return workers;
}

/** Takes unused images away, where the runtime has a store of them. */
function collectImages(parts: Parts, workers: PodWorkers): ImageCollector | undefined {
  const { runtime, recorder, agent, imagePolicy, clock, log, scope } = parts;
  if (!runtime.imageStore) return undefined;
  return startImageCollector({
    store: runtime.imageStore,
    inUse: () => imagesInUse(workers.views()),
    recorder,
    node: () => agent.node,
    clock,
    log,
    scope,
    onImages: () => agent.imagesChanged(),
    ...(imagePolicy ? { policy: imagePolicy } : {}),
  });
}

/** Evicts pods while the node is short of something, where that is measured. */
function evictUnderPressure(parts: Parts, workers: PodWorkers, images: ImageCollector | undefined): void {
  const { runtime, monitor, volumes, recorder, clock, log, scope } = parts;
  if (!monitor?.look) return;
  const { look, imagesApart = false } = monitor;
  startEviction({
    monitor: { look: () => look(), imagesApart },
    runtime,
    volumes,
    activePods: () => workers.activePods(),
    evict: (pod, message, low) =>
      workers.dispatch(uidOnNode(pod), {
        type: "evicted",
        reason: "Evicted",
        message,
        grace: "none",
        ...(low ? { disruption: message } : {}),
      }),
    isOver(pod) {
      const view = workers.viewOf(pod);
      return view === undefined || isSettled(view);
    },
    reclaimDisk: images && (() => images.removeUnused()),
    recorder,
    node: parts.nodeNow,
    clock,
    log,
    scope,
  });
}

function kubeletOf(parts: Parts, workers: PodWorkers): Kubelet {
  const { node, runtime, client, clock, log, scope, nodeNow } = parts;
  const staticPods =
    parts.staticPods &&
    startStaticPods({
      source: parts.staticPods,
      client,
      clock,
      log,
      scope,
      node: nodeNow,
      start: (pod, record, onGone) => workers.startStatic(pod, record, onGone),
    });
  const { streams, stats } = runtime;
  return {
    nodeName: node.name,
    ...(streams ? { streams: joinStreams(streams, (pod) => workers.viewOf(pod)) } : {}),
    ...(stats ? { stats: () => stats.call(runtime) } : {}),
    labels: () => nodeNow().metadata.labels ?? {},
    pods: () => workers.views().map(({ pod }) => pod),
    observe(pod) {
      if (staticPods && isMirrorPod(pod)) staticPods.observeMirror(pod);
      else workers.observe(pod);
    },
    forget(pod) {
      if (staticPods && isMirrorPod(pod)) staticPods.forgetMirror(pod);
      else workers.forget(pod);
    },
    logs(pod, container, { previous, ...wanted }) {
      // The worker knows of the latest run before the API does.
      const current = workers.viewOf(pod)?.pod ?? pod;
      return runtime.logs(logSource(current, container, previous), wanted);
    },
  };
}
