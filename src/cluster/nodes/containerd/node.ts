import { mkdir, stat } from "node:fs/promises";
import { KUBERNETES_VERSION } from "#apiserver";
import { createRecorder } from "#client";
import {
  createSources,
  feedPods,
  SHARED_MACHINE_POLICY,
  startKubelet,
  uidOnNode,
  type Kubelet,
  type NodeDescription,
} from "#kubelet";
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
import { conditionsOf, featuresOf } from "./runtime-status.ts";
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
  const { dataDir, network, folders, staticPodDir } = options;
  const { caches, clock, log, scope } = context;
  const node = await describeNode(options);
  const addresses = node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  const pods = caches.of(PODS, { fieldSelector: `spec.nodeName=${node.name}` });
  const nodes = caches.of(NODES);
  const currentNode = () => nodes.get(node.name);
  const recorder = createRecorder({ ...context, component: "kubelet", host: node.name });

  await serveDns(network, caches, context);
  const runtime = await createNodeRuntime({ ...options, addresses, recorder }, context);
  const sources = createSources({ ...context, services: caches.of(SERVICES) });
  const volumes = createVolumes({
    ...context,
    rootDir: folders.kubelet,
    sources,
    run: createShell(scope),
    images: runtime,
    csi: { client: context.client, nodeName: node.name },
    nodeLabels: () => currentNode()?.metadata.labels,
    allocatable: () => currentNode()?.status?.allocatable ?? node.allocatable ?? node.capacity,
  });
  await caches.whenSynced();
  await volumes.prepare();
  // What was deleted while the node was down.
  const known = new Set([...pods.list()].map(uidOnNode));
  await runtime.removeOrphans(known);
  await volumes.removeOrphans(known);

  const monitor = await monitorNode(options, runtime, context);
  // Pods come to a node whose Services work.
  const ensureBridge = () => ensurePluggedBridge(options, runtime, context);
  await serveServices({ network, node, addresses, caches, pods, recorder, ensureBridge }, context);
  if (network.replaces !== undefined) await removeEarlierRules(network, dataDir);
  const kubelet = await startKubelet({
    ...context,
    node: { ...node, ...(await featuresOf(runtime)) },
    runtime,
    sources,
    volumes,
    monitor,
    staticPods: watchManifests({ directory: staticPodDir, nodeName: node.name, clock, log, scope }),
    imagePolicy: SHARED_MACHINE_POLICY,
    scope: scope.child(node.name),
    currentNode,
  });
  const kubelets = new Map<string, Kubelet>([[node.name, kubelet]]);
  feedPods(pods, kubelets).startWith(kubelet);
  return {
    kubelets,
    add: () => Promise.reject(new Error("a machine is one node: only simulated nodes can be added")),
  };
}

async function describeNode({ folders, network, name }: ContainerdNodeOptions): Promise<NodeDescription> {
  await mkdir(folders.kubelet, { recursive: true, mode: 0o711 });
  return describeMachine({
    dataDir: folders.kubelet,
    podCidr: nodePodsOf(network),
    kubeletVersion: KUBERNETES_VERSION,
    reservations: { thresholds: SHARED_MACHINE_THRESHOLDS },
    ...(name === undefined ? {} : { name }),
    ...(network.address === undefined ? {} : { address: network.address }),
  });
}

/** Watches what the machine runs short of, and whether its runtime and its network are well. */
async function monitorNode(
  { folders, containerd }: ContainerdNodeOptions,
  runtime: ContainerdRuntime,
  { clock, log, scope }: NodesContext,
) {
  const [nodefs, imagefs] = await Promise.all([stat(folders.kubelet), stat(containerd.imageFolder)]);
  return startNodeMonitor({
    measure: () => measure({ nodefs: folders.kubelet, imagefs: containerd.imageFolder }),
    runtimeStatus: () => conditionsOf(runtime, containerd, log),
    imagesApart: nodefs.dev !== imagefs.dev,
    thresholds: SHARED_MACHINE_THRESHOLDS,
    clock,
    log,
    scope,
  });
}

/** The bridge of the pods, with all of them plugged in. */
async function ensurePluggedBridge(
  { network, dataDir }: ContainerdNodeOptions,
  runtime: ContainerdRuntime,
  { log }: NodesContext,
): Promise<void> {
  await ensureNodeBridge(network, dataDir);
  const links = await plugIn(bridgeOf(network), await runtime.hostLinks());
  if (links.length > 0) log.warn("pods that had lost the bridge are plugged into it again", { links });
}

/** The rules of an earlier version, once there are others in their place. */
async function removeEarlierRules(network: NodeNetwork, dataDir: string): Promise<void> {
  await removeTable({ table: EARLIER_TABLE, bridge: SHARED_BRIDGE });
  const kept: { -readonly [K in keyof NodeNetwork]: NodeNetwork[K] } = { ...network };
  delete kept.replaces;
  await keepNetwork(dataDir, kept);
}
