import { readFile } from "node:fs/promises";
import { dataFile, hasTexts } from "./files.ts";

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

const FILE = dataFile<RunningCluster>("running.json", {
  expected: "the process and the address of a running cluster",
  isValid: (value) => hasTexts(value, "server", "version") && Number.isInteger((value as RunningCluster).pid),
  without: "a cluster that runs in this directory is then not found",
});

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
  await FILE.write(dir, running);
}

/** Removes what {@link announceRunning} wrote. */
export const forgetRunning = (dir: string): Promise<void> => FILE.remove(dir);

/**
 * What the last cluster in the directory said of itself, and whether its process is still there.
 *
 * @throws StartError when the note of it is damaged.
 */
export async function findRunning(
  dir: string,
): Promise<{ readonly cluster: RunningCluster; readonly alive: boolean } | undefined> {
  const cluster = FILE.read(dir);
  if (cluster === undefined) return undefined;
  const found = await lookAt(cluster.pid);
  const isSame = !found || cluster.processStart === "" || found.start === cluster.processStart;
  return { cluster, alive: isThere(cluster.pid) && isSame && !found?.ended };
}
