import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Log, Scope } from "#base";
import { startContainerd, writeRegistrySettings, type Containerd } from "#kubelet/containerd";
import { StartError, type ClusterOptions } from "../../options.ts";
import type { NodeRuntime } from "../runtime.ts";
import { BRIDGE, ensureBridge, removeBridge } from "./bridge.ts";
import { nodeFolders } from "./folders.ts";
import { GATEWAY, GATEWAY_PREFIX, POD_CIDR } from "./network.ts";
import { lockNetwork } from "./network-lock.ts";
import { purgeContainers } from "./purge.ts";

export interface ContainerdContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** Containerd's sockets are below the folder, and a socket's path is at most 107 bytes long. */
const MAX_FOLDER_BYTES = 80;

/**
 * This machine as a node with real containers. The daemon starts while the control plane does. Without a data
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
      await purgeContainers(dataDir, { clock, log });
      await rm(dataDir, { recursive: true, force: true });
    });
  }
  const folders = nodeFolders(dataDir);
  if (Buffer.byteLength(folders.containerd) > MAX_FOLDER_BYTES) {
    throw new StartError(`data directory ${dataDir} has too long a path for sockets: use a shorter one`);
  }
  let daemon: Promise<Containerd> | undefined;
  let madeBridge = false;
  const begun = () =>
    (daemon ??= startContainerd({
      folder: folders.containerd,
      podCidr: POD_CIDR,
      bridge: BRIDGE,
      clock,
      log,
      scope: scope.child("containerd"),
    }));
  return {
    name: "containerd",
    notes: [],
    count: 1,
    hostAddress: GATEWAY,
    async prepare() {
      scope.defer(await lockNetwork());
      madeBridge = await ensureBridge(`${GATEWAY}/${GATEWAY_PREFIX}`);
    },
    begin() {
      // Who starts the node is told; until then it is nobody's.
      begun().catch(() => {});
    },
    async start(nodesContext) {
      // Loaded only here: clusters without containers need none of it.
      const { startContainerdNode } = await import("./node.ts");
      const containerd = await begun().catch((error: unknown) => {
        throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
      });
      await writeRegistrySettings(containerd.registries, options.registries ?? { mirrors: [], authorities: [] });
      const { staticPodDir = join(dataDir, "manifests") } = options;
      return startContainerdNode({ folders, containerd, staticPodDir }, nodesContext);
    },
    async abandon() {
      await (await daemon?.catch(() => undefined))?.stop();
      if (madeBridge) await removeBridge();
    },
  };
}
