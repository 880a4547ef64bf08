import type { EventRecorder } from "#client";
import { createPullRecords, digestOf } from "#kubelet";
import {
  createContainerdRuntime,
  openPodCgroups,
  probeOverNetwork,
  runNetworkHook,
  type ContainerdRuntime,
} from "#kubelet/containerd";
import type { Pod } from "#objects";
import type { NodesContext } from "#composition";
import type { NodeDaemon } from "./daemon.ts";
import type { NodeFolders } from "./folders.ts";
import { CLUSTER_DOMAIN, clusterDnsOf, nodePodsOf, type NodeNetwork } from "./network/network.ts";
import { pullRecordsFile } from "./pull-records.ts";

export interface NodeRuntimeOptions {
  readonly folders: NodeFolders;
  readonly network: NodeNetwork;
  readonly containerd: NodeDaemon;
  /** The node's own addresses. */
  readonly addresses: readonly string[];
  readonly recorder: EventRecorder;
}

/** The runtime on containerd, with what this machine adds: cgroups of pods, probes over its network, who pulled what. */
export async function createNodeRuntime(
  options: NodeRuntimeOptions,
  context: NodesContext,
): Promise<ContainerdRuntime> {
  const { folders, network, containerd, addresses, recorder } = options;
  const { clock, random, log, scope } = context;
  const cgroups = await openPodCgroups({ clock, log, parent: folders.cgroup });
  const containers = await createContainerdRuntime({
    socket: containerd.socket,
    ...(containerd.owner === undefined ? {} : { owner: containerd.owner }),
    podCidr: nodePodsOf(network),
    clock,
    random,
    log,
    scope,
    rootDir: folders.kubelet,
    logDir: folders.logs,
    nodeIps: addresses,
    clusterDns: [clusterDnsOf(network)],
    clusterDomain: CLUSTER_DOMAIN,
    cgroupParentOf: (pod) => cgroups.createPodCgroup(pod),
    imageTools: containerd,
    ...(containerd.clearTask ? { clearTask: containerd.clearTask } : {}),
    networkProbe: ({ probe, ip, pod, container }) =>
      probeOverNetwork(probe, { ip, pod, container }, { clock, signal: scope.signal }),
    networkHook: ({ handler, pod, containerName, ip, signal }) =>
      runNetworkHook(handler, { ip, container: containerOf(pod, containerName) }, signal, (reason, message) =>
        recorder.event(pod, "Warning", reason, message),
      ),
    onWarning: (pod, reason, message) => recorder.event(pod, "Warning", reason, message),
  });
  const pulledDigests = () => new Set(containers.images().flatMap(({ names }) => names.map(digestOf)));
  return {
    ...containers,
    pullRecords: await createPullRecords(pullRecordsFile(folders.kubelet, log), pulledDigests),
    async removePod(pod) {
      await containers.removePod(pod);
      await cgroups.removePodCgroup(pod.metadata.uid ?? "");
    },
    async removeOrphans(known) {
      const gone = await containers.removeOrphans(known);
      for (const uid of await cgroups.uids()) if (!known.has(uid)) await cgroups.removePodCgroup(uid);
      return gone;
    },
  };
}

const containerOf = ({ spec }: Pod, name: string) =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find((container) => container.name === name);
