import { silentLog, systemClock } from "#base";
import { mayHaveContainers } from "./data-dir/kept-runtime.ts";

/**
 * Ends the containers that the cluster of a data directory has left running and takes away what its node put on
 * this machine. The cluster itself must have stopped. Rejects when something does not go; what is left can be tried again.
 */
export async function purgeNode(dataDir: string): Promise<void> {
  if (!mayHaveContainers(dataDir)) return;
  const { purgeContainers } = await import("./nodes/containerd/purge.ts");
  await purgeContainers(dataDir, { clock: systemClock, log: silentLog });
}
