import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** Where a node keeps what, below the data directory. */
export interface NodeFolders {
  /** Images, sandboxes, the daemon's socket and configuration. */
  readonly containerd: string;
  /** Pods' volumes and files. */
  readonly kubelet: string;
  readonly logs: string;
  /** The cgroup that this cluster's are under: several clusters on one machine keep apart. */
  readonly cgroup: string;
}

export const nodeFolders = (dataDir: string): NodeFolders => ({
  containerd: join(dataDir, "containerd"),
  kubelet: join(dataDir, "kubelet"),
  logs: join(dataDir, "logs"),
  cgroup: `/knarr-${createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 8)}`,
});
