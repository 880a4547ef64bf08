import { join } from "node:path";

/** Where a node keeps what, below the data directory. */
export interface NodeFolders {
  /** Images, sandboxes, the daemon's socket and configuration. */
  readonly containerd: string;
  /** Pods' volumes and files. */
  readonly kubelet: string;
  readonly logs: string;
}

export const nodeFolders = (dataDir: string): NodeFolders => ({
  containerd: join(dataDir, "containerd"),
  kubelet: join(dataDir, "kubelet"),
  logs: join(dataDir, "logs"),
});
