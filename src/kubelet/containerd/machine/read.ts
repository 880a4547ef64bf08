import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { parseMeminfo, parseTasks } from "./facts.ts";
import type { Amount, Signal } from "./thresholds.ts";

/** The text of a file without white space around it; undefined when it cannot be read. */
export const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );

/** Bytes by page size of the machine's reserved huge pages: `2Mi`. */
export async function readHugePages(root = "/sys/kernel/mm/hugepages"): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of await readdir(root).catch(() => [])) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
    if (!kilobytes) continue;
    const count = Number(await textOf(join(root, name, "nr_hugepages")));
    sizes[pageSize(kilobytes)] = kilobytes * 1024 * (count || 0);
  }
  return sizes;
}

function pageSize(kilobytes: number): string {
  if (kilobytes % 1024 ** 2 === 0) return `${kilobytes / 1024 ** 2}Gi`;
  return kilobytes % 1024 === 0 ? `${kilobytes / 1024}Mi` : `${kilobytes}Ki`;
}

/** The file systems whose filling up matters. */
export interface WatchedFolders {
  /** Of logs and volumes. */
  readonly nodefs: string;
  /** Of images. */
  readonly imagefs: string;
}

/** What is left of the machine by now. A handful of small reads: cheap enough for every few seconds. */
export async function measure(folders: WatchedFolders): Promise<ReadonlyMap<Signal, Amount>> {
  const [meminfo, loadavg, pidMax, threadsMax, nodefs, imagefs] = await Promise.all([
    readFile("/proc/meminfo", "utf8"),
    readFile("/proc/loadavg", "utf8"),
    textOf("/proc/sys/kernel/pid_max"),
    textOf("/proc/sys/kernel/threads-max"),
    statfs(folders.nodefs),
    statfs(folders.imagefs),
  ]);
  const memory = parseMeminfo(meminfo);
  const tasks = Math.min(Number(pidMax ?? 32_768), Number(threadsMax ?? Infinity));
  return new Map<Signal, Amount>([
    ["memory.available", { available: memory.available, capacity: memory.total }],
    ["nodefs.available", { available: nodefs.bavail * nodefs.bsize, capacity: nodefs.blocks * nodefs.bsize }],
    ["nodefs.inodesFree", { available: nodefs.ffree, capacity: nodefs.files }],
    ["imagefs.available", { available: imagefs.bavail * imagefs.bsize, capacity: imagefs.blocks * imagefs.bsize }],
    ["imagefs.inodesFree", { available: imagefs.ffree, capacity: imagefs.files }],
    ["pid.available", { available: tasks - parseTasks(loadavg), capacity: tasks }],
  ]);
}
