import { messageOf, type Clock, type Log, type Scope } from "#base";
import { connectContainerd, startContainerd, writeRegistrySettings, type Containerd } from "#kubelet/containerd";
import { StartError, type ClusterOptions } from "../../options.ts";
import type { NodeFolders } from "./folders.ts";
import { checkSameContainerd, rememberSocket } from "./given.ts";
import { bridgeOf, networkNameOf, nodePodsOf, type NodeNetwork } from "./network/network.ts";

/** What runs a node's containers, as far as the node has to know it. */
export interface NodeDaemon extends Pick<Containerd, "mountImage" | "unmountImage"> {
  /** Absent where the pods' network is for others to set up. */
  readonly mendNetwork?: Containerd["mendNetwork"];
  /** Absent where containers' runs are for others to look after. */
  readonly clearTask?: Containerd["clearTask"];
  readonly socket: string;
  /** On the file system of its images. */
  readonly imageFolder: string;
  /** What marks this cluster's containers among others'; absent where there are no others. */
  readonly owner?: string;
}

/** How a node comes by its containerd. Everything throws a {@link StartError}. */
export interface DaemonSource {
  /** Whether it can be had, before anything is changed on the machine. */
  check(): Promise<void>;
  /** Called twice it is begun once. */
  begin(network: NodeNetwork): Promise<NodeDaemon>;
  /** Takes back what `begin` has begun. */
  abandon(): Promise<void>;
}

export interface DaemonContext {
  readonly folders: NodeFolders;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** Containerd's sockets are below the folder, and a socket's path is at most 107 bytes long. */
const MAX_FOLDER_BYTES = 80;

const asStartError = (error: unknown) =>
  error instanceof StartError ? error : new StartError(messageOf(error), { cause: error });

/** A containerd of the cluster's own, started and looked after. */
export function ownDaemon(options: ClusterOptions, { folders, clock, log, scope }: DaemonContext): DaemonSource {
  const { registries = { mirrors: [], authorities: [] } } = options;
  let daemon: Promise<Containerd> | undefined;
  const begin = async (network: NodeNetwork): Promise<NodeDaemon> => {
    daemon ??= startContainerd({
      folder: folders.containerd,
      podCidr: nodePodsOf(network),
      bridge: bridgeOf(network),
      networkName: networkNameOf(network),
      clock,
      log,
      scope: scope.child("containerd"),
    });
    const containerd = await daemon.catch((error: unknown) => {
      throw asStartError(error);
    });
    await writeRegistrySettings(containerd.registries, registries);
    return { ...containerd, imageFolder: folders.containerd };
  };
  return {
    async check() {
      if (Buffer.byteLength(folders.containerd) > MAX_FOLDER_BYTES) {
        throw new StartError(`the data directory has too long a path for sockets: use a shorter one`);
      }
      await checkSameContainerd(folders, undefined);
    },
    begin,
    async abandon() {
      await (await daemon?.catch(() => undefined))?.stop();
    },
  };
}

/** A containerd that is there already, and that others may use too. */
export function givenDaemon(socket: string, options: ClusterOptions, context: DaemonContext): DaemonSource {
  const { folders, clock } = context;
  const connected = () =>
    connectContainerd(socket, clock).catch((error: unknown) => {
      throw asStartError(error);
    });
  return {
    async check() {
      const { mirrors, authorities } = options.registries ?? { mirrors: [], authorities: [] };
      if (mirrors.length + authorities.length > 0) {
        throw new StartError(
          `how registries are reached is the configuration of the containerd at ${socket}: --registry-mirror and --registry-ca are for Knarr's own`,
        );
      }
      await checkSameContainerd(folders, socket);
      const { problem } = await connected();
      if (problem !== undefined) throw new StartError(`the containerd at ${socket} ${problem}`);
    },
    async begin() {
      const containerd = await connected();
      await rememberSocket(folders, socket);
      return { ...containerd, owner: folders.id };
    },
    abandon: () => Promise.resolve(),
  };
}
