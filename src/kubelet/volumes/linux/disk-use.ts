import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DiskUse } from "#kubelet";

/** A block of `stat`, whatever those of the file system are. */
const BLOCK_BYTES = 512;

/**
 * What a directory takes with all that is in it, as `du -x` counts: a file with several names once, nothing of other
 * file systems. What goes away meanwhile counts as nothing.
 */
export async function diskUse(directory: string): Promise<DiskUse> {
  const top = await lstat(directory).catch(() => undefined);
  if (!top) return { bytes: 0, inodes: 0 };
  const linked = new Set<number>();
  const folders = [directory];
  let bytes = top.blocks * BLOCK_BYTES;
  let inodes = 1;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await readdir(folder).catch((): string[] => [])) {
      const path = join(folder, name);
      const found = await lstat(path).catch(() => undefined);
      if (!found || found.dev !== top.dev || linked.has(found.ino)) continue;
      if (found.nlink > 1 && !found.isDirectory()) linked.add(found.ino);
      bytes += found.blocks * BLOCK_BYTES;
      inodes++;
      if (found.isDirectory()) folders.push(path);
    }
  }
  return { bytes, inodes };
}
