import { mkdir, stat } from "node:fs/promises";
import type { Log } from "#base";
import { KUBERNETES_VERSION } from "#apiserver";
import { createRecorder } from "#client";
import { createSources, feedPods, SHARED_MACHINE_POLICY, startKubelet, uidOnNode, type Kubelet } from "#kubelet";
import {
  describeMachine,
  measure,
  SHARED_MACHINE_THRESHOLDS,
  startNodeMonitor,
  watchManifests,
  type ContainerdRuntime,
} from "#kubelet/containerd";
import { createVolumes } from "#kubelet/volumes";
import { NODES, PODS, SERVICES } from "#objects";
import { createShell } from "#programs";
import { removeTable } from "#proxy";
import type { NodesContext, RunningNodes } from "#composition";
import { serveDns } from "./cluster-dns.ts";
import type { NodeDaemon } from "./daemon.ts";
import type { NodeFolders } from "./folders.ts";
import { ensureNodeBridge, plugIn } from "./network/bridge.ts";
import { bridgeOf, EARLIER_TABLE, nodePodsOf, SHARED_BRIDGE, type NodeNetwork } from "./network/network.ts";
import { keepNetwork } from "./network/record.ts";
import { createNodeRuntime } from "./node-runtime.ts";
import { serveServices } from "./service-proxy.ts";

export interface ContainerdNodeOptions {
  readonly dataDir: string;
  readonly network: NodeNetwork;
  readonly folders: NodeFolders;
  readonly containerd: NodeDaemon;
  /** Manifests of pods that the node runs of itself. */
  readonly staticPodDir: string;
  readonly name?: string | undefined;
}

/** Runs this machine as a node: kubelet, service proxy and cluster DNS. Resolves once the node is registered. */
export async function startContainerdNode(
  options: ContainerdNodeOptions,
  context: NodesContext,
): Promise<RunningNodes> {
  const { dataDir, network, folders, containerd, staticPodDir } = options;
  const { client, caches, clock, random, log, scope } = context;
  await mkdir(folders.kubelet, { recursive: true, mode: 0o711 });
  const node = await describeMachine({
    dataDir: folders.kubelet,
    podCidr: nodePodsOf(network),
    kubeletVersion: KUBERNETES_VERSION,
    reservations: { thresholds: SHARED_MACHINE_THRESHOLDS },
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(network.address === undefined ? {} : { address: network.address }),
  });
  const addresses = node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  const pods = caches.of(PODS, { fieldSelector: `spec.nodeName=${node.name}` });
  const nodes = caches.of(NODES);
  const services = caches.of(SERVICES);
  const recorder = createRecorder({ client, component: "kubelet", host: node.name, clock, random, log, scope });

  await serveDns(network, caches, context);
  const runtime = await createNodeRuntime({ folders, network, containerd, addresses, recorder }, context);
  const sources = createSources({ client, clock, random, log, scope, services });
  const volumes = createVolumes({
    rootDir: folders.kubelet,
    sources,
    run: createShell(scope),
    images: runtime,
    allocatable: () => nodes.get(node.name)?.status?.allocatable ?? node.allocatable ?? node.capacity,
    clock,
    random,
    log,
  });
  await caches.whenSynced();
  const known = new Set([...pods.list()].map(uidOnNode));
  await volumes.prepare();
  // What was deleted while the node was down.
  await runtime.removeOrphans(known);
  await volumes.removeOrphans(known);

  const monitor = await startNodeMonitor({
    measure: () => measure({ nodefs: folders.kubelet, imagefs: containerd.imageFolder }),
    runtimeStatus: () => conditionsOf(runtime, containerd, log),
    imagesApart: (await stat(folders.kubelet)).dev !== (await stat(containerd.imageFolder)).dev,
    thresholds: SHARED_MACHINE_THRESHOLDS,
    clock,
    log,
    scope,
  });
  const ensureBridge = async () => {
    await ensureNodeBridge(network, dataDir);
    const links = await plugIn(bridgeOf(network), await runtime.hostLinks());
    if (links.length > 0) log.warn("pods that had lost the bridge are plugged into it again", { links });
  };
  // Pods come to a node whose Services work.
  await serveServices({ network, node, addresses, caches, pods, recorder, ensureBridge }, context);
  if (network.replaces !== undefined) await removeEarlierRules(network, dataDir);
  const features = await featuresOf(runtime);
  const kubelet = await startKubelet({
    node: { ...node, ...(features ? { features } : {}) },
    runtime,
    sources,
    volumes,
    monitor,
    staticPods: watchManifests({ directory: staticPodDir, nodeName: node.name, clock, log, scope }),
    imagePolicy: SHARED_MACHINE_POLICY,
    client,
    clock,
    random,
    log,
    scope: scope.child(node.name),
    currentNode: () => nodes.get(node.name),
  });
  const kubelets = new Map<string, Kubelet>([[node.name, kubelet]]);
  feedPods(pods, kubelets).startWith(kubelet);
  return {
    kubelets,
    add: () => Promise.reject(new Error("a machine is one node: only simulated nodes can be added")),
  };
}

/** The rules of an earlier version, once there are others in their place. */
async function removeEarlierRules(network: NodeNetwork, dataDir: string): Promise<void> {
  await removeTable({ table: EARLIER_TABLE, bridge: SHARED_BRIDGE });
  const kept: { -readonly [K in keyof NodeNetwork]: NodeNetwork[K] } = { ...network };
  delete kept.replaces;
  await keepNetwork(dataDir, kept);
}

const STATUS_MS = 10_000;

async function conditionsOf({ cri }: ContainerdRuntime, { mendNetwork }: NodeDaemon, log: Log) {
  const { status } = await cri.call("RuntimeService.Status", {}, { timeoutMs: STATUS_MS });
  const conditions = status?.conditions ?? [];
  // It is ours to write: another program may have removed it.
  if (conditions.some(({ type, status: holds }) => type === "NetworkReady" && !holds))
    await mendNetwork?.().catch((error: unknown) => log.error("the pods' network could not be set up", { error }));
  return conditions;
}

async function featuresOf({ cri }: ContainerdRuntime) {
  const { features } = await cri.call("RuntimeService.Status", {}, { timeoutMs: STATUS_MS });
  return features ? { supplementalGroupsPolicy: features.supplementalGroupsPolicy } : undefined;
}
