import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, ifThere } from "./linux/errors.ts";
import { mountsUnder } from "./linux/mount-info.ts";
import type { Mounter } from "./linux/mounter.ts";
import type { Layout } from "./layout.ts";
import type { VolumePlugin } from "./plugin.ts";

export interface RemoveContext {
  readonly layout: Layout;
  readonly mounter: Mounter;
  readonly plugins: readonly VolumePlugin[];
}

/**
 * Removes all volumes of a pod that can be found on the node, also those that an earlier process set up. Rejects with
 * an Error.
 */
export async function removeVolumes(uid: string, { layout, mounter, plugins }: RemoveContext): Promise<void> {
  // Sub paths first: they hold the volumes that they are of.
  await removeDirectory(layout.subPathsDir(uid), mounter);
  const volumes = layout.volumesDir(uid);
  for (const directory of (await ifThere(readdir(volumes))) ?? []) {
    const plugin = plugins.find((candidate) => candidate.directory === directory);
    for (const name of await readdir(join(volumes, directory))) {
      const path = join(volumes, directory, name);
      await plugin?.tearDown?.({ podUid: uid, name, path });
      await removeDirectory(path, mounter);
    }
  }
  await removeDirectory(volumes, mounter);
  await removeDirectory(layout.pluginsDir(uid), mounter);
  try {
    await rmdir(layout.podDir(uid));
  } catch (error) {
    // Others keep something of the pod there.
    if (!hasCode(error, "ENOENT", "ENOTEMPTY")) throw error;
  }
}

/** Removes all that is left of a pod. Rejects with an Error. */
export async function removePod(uid: string, context: RemoveContext): Promise<void> {
  await removeVolumes(uid, context);
  await removeDirectory(context.layout.podDir(uid), context.mounter);
}

/** Removes a directory with all mounts in it, and never what is on the other side of a mount. */
export async function removeDirectory(path: string, mounter: Mounter): Promise<void> {
  await mounter.unmountUnder(path);
  const left = mountsUnder(await mounter.list(), path);
  if (left[0]) throw new Error(`still mounted: ${left[0].path}`);
  await rm(path, { recursive: true, force: true });
}
