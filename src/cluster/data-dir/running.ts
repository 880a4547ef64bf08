import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a running cluster says of itself in its data directory. */
export interface RunningCluster {
  readonly pid: number;
  /** When the process began, in clock ticks since boot: a process number alone may have passed to another. */
  readonly processStart: string;
  /** https://host:port */
  readonly server: string;
  readonly version: string;
  /** Of the containerd that its nodes use, when it is not the cluster's own. */
  readonly containerdSocket?: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

const FILE = "running.json";

/** Field 22 of /proc/<pid>/stat; empty where there is no such file system. */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Says in the directory that this process runs its cluster. */
export async function announceRunning(
  dir: string,
  cluster: Omit<RunningCluster, "pid" | "processStart">,
): Promise<void> {
  const running: RunningCluster = {
    pid: process.pid,
    processStart: (await processStart(process.pid)) ?? "",
    ...cluster,
  };
  const path = join(dir, FILE);
  await writeFile(`${path}.new`, JSON.stringify(running, null, 2) + "\n", { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function forgetRunning(dir: string): Promise<void> {
  await rm(join(dir, FILE), { force: true });
}

/** What the last cluster in the directory said of itself, and whether its process is still there. */
export async function findRunning(
  dir: string,
): Promise<{ readonly cluster: RunningCluster; readonly alive: boolean } | undefined> {
  let text: string;
  try {
    text = await readFile(join(dir, FILE), "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  const cluster = JSON.parse(text) as RunningCluster;
  const start = await processStart(cluster.pid);
  const alive =
    isAlive(cluster.pid) && (start === undefined || cluster.processStart === "" || start === cluster.processStart);
  return { cluster, alive };
}
