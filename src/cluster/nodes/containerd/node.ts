import { mkdir, readFile, stat } from "node:fs/promises";
import { sleep } from "#base";
import { KUBERNETES_VERSION } from "#apiserver";
import { createCaches, createRecorder, type SharedCaches } from "#client";
import { ensureDnsService, parseResolvConf, startDns } from "#dns";
import { createPullRecords, createSources, digestOf, feedPods, startKubelet, uidOnNode, type Kubelet } from "#kubelet";
import {
  createContainerdRuntime,
  describeMachine,
  measure,
  openPodCgroups,
  probeOverNetwork,
  runNetworkHook,
  startNodeMonitor,
  watchManifests,
  type ContainerdRuntime,
} from "#kubelet/containerd";
import { createVolumes } from "#kubelet/volumes";
import { ENDPOINT_SLICES, NODES, PODS, SERVICES, type Pod } from "#objects";
import { startProxy, type ServiceProxy } from "#proxy";
import type { NodesContext, RunningNodes } from "../runtime.ts";
import { BRIDGE } from "./bridge.ts";
import type { NodeDaemon } from "./daemon.ts";
import type { NodeFolders } from "./folders.ts";
import { pullRecordsFile } from "./pull-records.ts";
import {
  CLUSTER_CIDR,
  CLUSTER_DNS,
  CLUSTER_DOMAIN,
  GATEWAY,
  GATEWAY_PREFIX,
  POD_CIDR,
  SERVICE_CIDR,
} from "./network.ts";

export interface ContainerdNodeOptions {
  readonly folders: NodeFolders;
  readonly containerd: NodeDaemon;
  /** Manifests of pods that the node runs of itself. */
  readonly staticPodDir: string;
  readonly name?: string | undefined;
  /** The node's own address; default: that of the default route's interface. */
  readonly address?: string | undefined;
}

/** Runs this machine as a node: kubelet, service proxy and cluster DNS. Resolves once the node is registered. */
export async function startContainerdNode(
  options: ContainerdNodeOptions,
  context: NodesContext,
): Promise<RunningNodes> {
  const { folders, containerd, staticPodDir } = options;
  const { client, clock, random, log, scope } = context;
  await mkdir(folders.kubelet, { recursive: true, mode: 0o711 });
  const node = await describeMachine({
    dataDir: folders.kubelet,
    podCidr: POD_CIDR,
    kubeletVersion: KUBERNETES_VERSION,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.address === undefined ? {} : { address: options.address }),
  });
  const caches = createCaches({ client, scope: scope.child("caches"), clock, random, log });
  const pods = caches.of(PODS, { fieldSelector: `spec.nodeName=${node.name}` });
  const nodes = caches.of(NODES);
  const services = caches.of(SERVICES);
  const endpointSlices = caches.of(ENDPOINT_SLICES);

  await serveDns(caches, context);
  const recorder = createRecorder({ client, component: "kubelet", host: node.name, clock, random, log, scope });
  const nodeIps = node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  const cgroups = await openPodCgroups({ clock, log, parent: folders.cgroup });
  const containers = await createContainerdRuntime({
    socket: containerd.socket,
    ...(containerd.owner === undefined ? {} : { owner: containerd.owner }),
    podCidr: POD_CIDR,
    clock,
    random,
    log,
    scope,
    rootDir: folders.kubelet,
    logDir: folders.logs,
    nodeIps,
    clusterDns: [CLUSTER_DNS],
    clusterDomain: CLUSTER_DOMAIN,
    cgroupParentOf: (pod) => cgroups.createPodCgroup(pod),
    imageTools: containerd,
    networkProbe: ({ probe, ip, pod, container }) =>
      probeOverNetwork(probe, { ip, pod, container }, { clock, signal: scope.signal }),
    networkHook: ({ handler, pod, containerName, ip, signal }) =>
      runNetworkHook(handler, { ip, container: containerOf(pod, containerName) }, signal, (reason, message) =>
        recorder.event(pod, "Warning", reason, message),
      ),
    onWarning: (pod, reason, message) => recorder.event(pod, "Warning", reason, message),
  });
  const pulledDigests = () => new Set(containers.images().flatMap(({ names }) => names.map(digestOf)));
  const runtime: ContainerdRuntime = {
    ...containers,
    pullRecords: await createPullRecords(pullRecordsFile(folders.kubelet, log), pulledDigests),
    async removePod(pod) {
      await containers.removePod(pod);
      await cgroups.removePodCgroup(pod.metadata.uid ?? "");
    },
  };
  const sources = createSources({ client, clock, random, log, scope, services });
  const volumes = createVolumes({
    rootDir: folders.kubelet,
    sources,
    images: runtime,
    allocatable: () => nodes.get(node.name)?.status?.allocatable ?? node.allocatable ?? node.capacity,
    clock,
    random,
    log,
  });
  await caches.whenSynced();
  const known = new Set([...pods.list()].map(uidOnNode));
  // What was deleted while nobody looked.
  await runtime.removeOrphans(known);
  await volumes.removeOrphans(known);
  for (const uid of await cgroups.uids()) if (!known.has(uid)) await cgroups.removePodCgroup(uid);
  const proxy = startProxy({
    services,
    endpointSlices,
    pods,
    nodes,
    node: { name: node.name, addresses: nodeIps, podCidrs: [POD_CIDR], gateways: [`${GATEWAY}/${GATEWAY_PREFIX}`] },
    clusterCidrs: [CLUSTER_CIDR],
    serviceCidrs: [SERVICE_CIDR],
    bridge: BRIDGE,
    clock,
    scope,
    log,
    recorder,
  });
  const monitor = await startNodeMonitor({
    measure: () => measure({ nodefs: folders.kubelet, imagefs: containerd.imageFolder }),
    runtimeStatus: () => conditionsOf(runtime),
    imagesApart: (await stat(folders.kubelet)).dev !== (await stat(containerd.imageFolder)).dev,
    clock,
    log,
    scope,
  });
  await untilServicesWork(proxy, context);
  const kubelet = await startKubelet({
    node,
    runtime,
    sources,
    volumes,
    monitor,
    staticPods: watchManifests({ directory: staticPodDir, nodeName: node.name, clock, log, scope }),
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

/** The cluster's DNS, where pods reach this machine. */
async function serveDns(caches: SharedCaches, { client, clock, random, log, scope }: NodesContext): Promise<void> {
  const resolvConf = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
  const { address, port } = await startDns({
    caches,
    clock,
    random,
    log,
    scope,
    listen: { address: GATEWAY, port: 53 },
    clusterDomain: CLUSTER_DOMAIN,
    upstreams: parseResolvConf(resolvConf),
  });
  ensureDnsService({ client, caches, clock, log, scope, clusterIps: [CLUSTER_DNS], address, port });
}

/**
 * Pods come to a node whose Services work. Where nft refuses the rules, which has been logged then, they come all the
 * same: most of what a node does needs no Service, and the proxy goes on trying.
 */
async function untilServicesWork(proxy: ServiceProxy, { clock, scope }: NodesContext): Promise<void> {
  const patience = new AbortController();
  const signal = AbortSignal.any([scope.signal, patience.signal]);
  await Promise.race([proxy.settled(), sleep(clock, SERVICES_MS, signal).catch(() => {})]);
  patience.abort();
}

async function conditionsOf({ cri }: ContainerdRuntime) {
  const { status } = await cri.call("RuntimeService.Status", {}, { timeoutMs: STATUS_MS });
  return status?.conditions ?? [];
}

const STATUS_MS = 10_000;
const SERVICES_MS = 5_000;

const containerOf = ({ spec }: Pod, name: string) =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find((container) => container.name === name);
