import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DiskUse } from "#kubelet";

/** A block of `stat`, whatever those of the file system are. */
const BLOCK_BYTES = 512;

/** What the logs in a pod's folder take, by container: each has a folder of files. */
export async function logUsage(podFolder: string): Promise<ReadonlyMap<string, DiskUse>> {
  const usage = new Map<string, DiskUse>();
  for (const container of await readdir(podFolder).catch((): string[] => [])) {
    const folder = join(podFolder, container);
    let bytes = 0;
    let inodes = 0;
    for (const name of await readdir(folder).catch((): string[] => [])) {
      // It may have been rotated away by now.
      const found = await lstat(join(folder, name)).catch(() => undefined);
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES;
      inodes += found ? 1 : 0;
    }
    usage.set(container, { bytes, inodes });
  }
  return usage;
}
