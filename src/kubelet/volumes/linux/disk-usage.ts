import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ifThere } from "./errors.ts";

/** The unit of `st_blocks`, whatever the file system's own is. */
const BLOCK_BYTES = 512;

/**
 * Bytes of disk that a directory takes with all below it, on its own file system; what has several names counts once,
 * and what goes meanwhile not at all. 0 when there is none.
 */
export async function diskUsage(path: string): Promise<number> {
  const root = await ifThere(lstat(path));
  if (!root) return 0;
  const seen = new Set<number>();
  let bytes = root.blocks * BLOCK_BYTES;
  const waiting = [path];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      const file = join(folder, name);
      const found = await ifThere(lstat(file));
      if (!found || found.dev !== root.dev || seen.has(found.ino)) continue;
      if (found.nlink > 1 && !found.isDirectory()) seen.add(found.ino);
      bytes += found.blocks * BLOCK_BYTES;
      if (found.isDirectory()) waiting.push(file);
    }
  }
  return bytes;
}
