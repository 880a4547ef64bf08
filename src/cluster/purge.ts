import { existsSync } from "node:fs";
import { silentLog, systemClock } from "#base";
import { nodeFolders } from "./nodes/containerd/folders.ts";

/** Whether nodes of this data directory have run containers, which go on when the cluster stops. */
export function hasContainers(dataDir: string): boolean {
  const { containerd, given } = nodeFolders(dataDir);
  return existsSync(containerd) || existsSync(given);
}

/**
 * Ends the containers that the cluster of a data directory has left running and takes away what its node put on
 * this machine. The cluster itself must have stopped. Rejects when something does not go; what is left can be tried again.
 */
export async function purgeNode(dataDir: string): Promise<void> {
  if (!hasContainers(dataDir)) return;
  const { purgeContainers } = await import("./nodes/containerd/purge.ts");
  await purgeContainers(dataDir, { clock: systemClock, log: silentLog });
}
