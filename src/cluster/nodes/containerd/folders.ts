import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { keptNetwork } from "./network/record.ts";

/** Where a node keeps what, below the data directory. */
export interface NodeFolders {
  readonly dataDir: string;
  /**
   * Tells this cluster's things from others' on the same machine: eight hexadecimal digits, made from the directory's
   * path when it is first asked for, and the same from its first network on, wherever the directory is moved.
   */
  readonly id: string;
  /** Images, sandboxes, the daemon's socket and configuration. */
  readonly containerd: string;
  /** Pods' volumes and files. */
  readonly kubelet: string;
  readonly logs: string;
  /** Data of PersistentVolumes. */
  readonly volumes: string;
  /** The cgroup that this cluster's are under: several clusters on one machine keep apart. */
  readonly cgroup: string;
  /** Says which containerd runs the containers, when it is not our own. */
  readonly given: string;
}

export function nodeFolders(dataDir: string): NodeFolders {
  const id = keptNetwork(dataDir)?.id ?? createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 8);
  return {
    dataDir: resolve(dataDir),
    id,
    containerd: join(dataDir, "containerd"),
    kubelet: join(dataDir, "kubelet"),
    logs: join(dataDir, "logs"),
    volumes: join(resolve(dataDir), "volumes"),
    cgroup: `/knarr-${id}`,
    given: join(dataDir, "containerd.json"),
  };
}
