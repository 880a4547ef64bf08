import { existsSync } from "node:fs";
import { silentLog, systemClock } from "#base";
import { nodeFolders } from "./nodes/containerd/folders.ts";

/** Whether the cluster of a data directory has ever run real containers: they go on running when it stops. */
export function mayHaveContainers(dataDir: string): boolean {
  const { containerd, given } = nodeFolders(dataDir);
  return existsSync(containerd) || existsSync(given);
}

/**
 * Ends the containers that the cluster of a data directory has left running and takes away what its node put on
 * this machine. The cluster itself must have stopped. Rejects when something does not go; what is left can be tried again.
 */
export async function purgeNode(dataDir: string): Promise<void> {
  if (!mayHaveContainers(dataDir)) return;
  const { purgeContainers } = await import("./nodes/containerd/purge.ts");
  await purgeContainers(dataDir, { clock: systemClock, log: silentLog });
}
