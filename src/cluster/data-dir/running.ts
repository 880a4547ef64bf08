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

interface Process {
  /** When it began, in clock ticks since boot. */
  readonly start: string;
  /** It has ended, and only its parent has not asked how: where no process reaps orphans, this never changes. */
  readonly ended: boolean;
}

/** From the fields 3 and 22 of /proc/<pid>/stat; undefined where there is no such file system. */
async function lookAt(pid: number): Promise<Process | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { start: fields[19] ?? "", ended: /^[ZX]/.test(fields[0] ?? "") };
  } catch {
    return undefined;
  }
}

function isThere(pid: number): boolean {
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
    processStart: (await lookAt(process.pid))?.start ?? "",
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
  const found = await lookAt(cluster.pid);
  const isSame = !found || cluster.processStart === "" || found.start === cluster.processStart;
  return { cluster, alive: isThere(cluster.pid) && isSame && !found?.ended };
}
