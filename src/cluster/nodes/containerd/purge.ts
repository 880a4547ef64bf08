import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { createScope, systemRandom, type Clock, type Log } from "#base";
import type { Sources } from "#kubelet";
import {
  connectContainerd,
  createContainerdRuntime,
  openPodCgroups,
  startContainerd,
  useSystemPath,
} from "#kubelet/containerd";
import { createVolumes } from "#kubelet/volumes";
import { createShell } from "#programs";
import { nodeFolders } from "./folders.ts";
import { givenSocket } from "./given.ts";
import { bridgeOf, CLUSTER_DOMAIN, networkNameOf, nodePodsOf } from "./network/network.ts";
import { keptNetwork } from "./network/record.ts";
import { earlierNetwork, removeNetworkOf } from "./network/remove.ts";

const NO_PODS: ReadonlySet<string> = new Set();

/** Nothing is looked up for pods that only go. */
const noSources: Sources = {
  of() {
    throw new Error("no pod is started here");
  },
  services: () => undefined,
};

/**
 * Ends every container that a cluster of this data directory has left running and takes away all that the node had:
 * volumes, images, packet rules, the bridge. What is another data directory's stays. Of a containerd that was given, only what was the cluster's goes.
 */
export async function purgeContainers(
  dataDir: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  useSystemPath();
  const folders = nodeFolders(dataDir);
  const network = keptNetwork(dataDir) ?? earlierNetwork(folders.id);
  const scope = createScope("purge");
  try {
    const given = givenSocket(folders);
    const shared = given === undefined ? undefined : await connectContainerd(given, clock);
    const own =
      shared === undefined
        ? await startContainerd({
            folder: folders.containerd,
            podCidr: nodePodsOf(network),
            bridge: bridgeOf(network),
            networkName: networkNameOf(network),
            clock,
            log,
            scope,
          })
        : undefined;
    const common = { rootDir: folders.kubelet, clock, random: systemRandom, log };
    const runtime = await createContainerdRuntime({
      ...common,
      ...(shared === undefined ? {} : { owner: folders.id }),
      socket: (shared ?? own!).socket,
      scope,
      logDir: folders.logs,
      nodeIps: [],
      clusterDns: [],
      clusterDomain: CLUSTER_DOMAIN,
      imageTools: shared ?? own!,
    });
    await runtime.removeOrphans(NO_PODS);
    const volumes = createVolumes({ ...common, run: createShell(scope), sources: noSources, allocatable: () => ({}) });
    await volumes.removeOrphans(NO_PODS);
    await volumes.removeAll();
    await (await openPodCgroups({ clock, log, parent: folders.cgroup })).destroy();
    await runtime.close();
    await own?.stop();
  } finally {
    await scope.close();
  }
  await removeNetworkOf(network, resolve(dataDir));
  for (const folder of [folders.containerd, folders.logs, folders.volumes, folders.given])
    await rm(folder, { recursive: true, force: true });
}
