import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Log, Scope } from "#base";
import { StartError, type ClusterOptions } from "../../options.ts";
import type { NodeRuntime } from "../runtime.ts";
import { ensureBridge, removeBridge } from "./bridge.ts";
import { givenDaemon, ownDaemon, type NodeDaemon } from "./daemon.ts";
import { nodeFolders } from "./folders.ts";
import { SPARE_ADDRESSES, GATEWAY, GATEWAY_PREFIX } from "./network.ts";
import { lockNetwork } from "./network-lock.ts";
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
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "knarr-")));
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
  let begun: Promise<NodeDaemon> | undefined;
  let madeBridge = false;
  const begin = () => (begun ??= daemon.begin());
  return {
    name: "containerd",
    notes: [],
    count: 1,
    measuresUse: true,
    podsReachable: true,
    hostAddress: GATEWAY,
    advertised: GATEWAY,
    spareAddresses: SPARE_ADDRESSES,
    async prepare() {
      await daemon.check();
      scope.defer(await lockNetwork());
      madeBridge = await ensureBridge(`${GATEWAY}/${GATEWAY_PREFIX}`);
    },
    begin() {
      // Who starts the node is told; until then it is nobody's.
      begin().catch(() => {});
    },
    async start(nodesContext) {
      // Loaded only here: clusters without containers need none of it.
      const { startContainerdNode } = await import("./node.ts");
      const containerd = await begin();
      const { staticPodDir = join(dataDir, "manifests") } = options;
      const { nodeName: name, nodeAddress: address } = options;
      return startContainerdNode({ folders, containerd, staticPodDir, name, address }, nodesContext);
    },
    async abandon() {
      await begun?.catch(() => undefined);
      await daemon.abandon();
      if (madeBridge) await removeBridge();
    },
  };
}
