import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Clock, type Log, type Scope } from "#base";
import { StartError, type ClusterOptions } from "../../options.ts";
import type { NodeRuntime } from "../runtime.ts";
import { givenDaemon, ownDaemon, type NodeDaemon } from "./daemon.ts";
import { nodeFolders } from "./folders.ts";
import { claimNetwork } from "./network/claim.ts";
import { localVolumesIn } from "./local-volumes.ts";
import { gatewayOf, spareAddressesOf } from "./network/network.ts";
import { purgeContainers } from "./purge.ts";

export interface ContainerdContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/**
 * This machine as a node with real containers. A daemon of our own starts while the control plane does. Without a data
 * directory everything goes when the cluster stops; with one, containers go on running.
 *
 * @throws StartError
 */
export async function containerdRuntime(options: ClusterOptions, context: ContainerdContext): Promise<NodeRuntime> {
  const { clock, log, scope } = context;
  if ((options.nodes ?? 1) !== 1) {
    throw new StartError("with real containers this machine is the one node; more nodes need --runtime simulated");
  }
  let begun: Promise<NodeDaemon> | undefined;
  const dataDir = resolve(options.dataDir ?? (await mkdtemp(join(tmpdir(), "knarr-"))));
  if (options.dataDir === undefined) {
    scope.defer(async () => {
      if (begun) await purgeContainers(dataDir, { clock, log });
      await rm(dataDir, { recursive: true, force: true });
    });
  }
  const folders = nodeFolders(dataDir);
  const { containerdSocket: socket } = options;
  const daemonContext = { folders, clock, log, scope };
  const daemon = socket === undefined ? ownDaemon(options, daemonContext) : givenDaemon(socket, options, daemonContext);
  await daemon.check();
  const claim = await claimNetwork({
    dataDir,
    id: folders.id,
    hasContainers: existsSync(folders.containerd) || existsSync(folders.given),
    given: socket !== undefined,
    nodeAddress: options.nodeAddress,
    loadBalancerAddresses: options.loadBalancerAddresses,
    clock,
    scope,
  });
  const { network } = claim;
  const begin = () => (begun ??= daemon.begin(network));
  return {
    name: "containerd",
    notes: claim.notes,
    count: 1,
    podsReachable: true,
    hostAddress: gatewayOf(network),
    advertised: gatewayOf(network),
    serviceCidr: network.services,
    spareAddresses: spareAddressesOf(network),
    localVolumes: localVolumesIn(folders.volumes),
    prepare: () => claim.take(),
    begin() {
      // The caller that starts the node gets it; until then it has no owner.
      begin().catch(() => {});
    },
    async start(nodesContext) {
      // Loaded only here: clusters without containers need none of it.
      const { startContainerdNode } = await import("./node.ts");
      const containerd = await begin();
      const { staticPodDir = join(dataDir, "manifests"), nodeName: name } = options;
      return startContainerdNode({ dataDir, network, folders, containerd, staticPodDir, name }, nodesContext);
    },
    async abandon() {
      await begun?.catch(() => undefined);
      await daemon.abandon();
      await claim.giveBack();
    },
  };
}
