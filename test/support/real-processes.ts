import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The processes behind a cluster's containers, by its data directory: for tests that kill them. */

/** Of a container by its id as statuses show it; undefined when it does not run. */
export function processOf(dataDir: string, containerId: string): number | undefined {
  const id = containerId.replace("containerd://", "");
  try {
    const state = readFileSync(join(dataDir, "containerd/state/runc/k8s.io", id, "state.json"), "utf8");
    const pid = Number(/"init_process_pid":(\d+)/.exec(state)?.[1]);
    return parentOf(pid) === undefined ? undefined : pid;
  } catch {
    return undefined;
  }
}

/** The shim that a container's process is a child of. */
export function shimOf(dataDir: string, containerId: string): number | undefined {
  const pid = processOf(dataDir, containerId);
  const parent = pid === undefined ? undefined : parentOf(pid);
  return parent !== undefined && commandOf(parent).includes("containerd-shim") ? parent : undefined;
}

/** All shims of the cluster. */
export function shimsOf(dataDir: string): readonly number[] {
  const socket = join(dataDir, "containerd/containerd.sock");
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
    .filter((pid) => {
      const command = commandOf(pid);
      return command.includes("containerd-shim") && command.includes(socket);
    });
}

/** The cluster's containerd; undefined when it does not run. */
export function daemonOf(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, "containerd/containerd.pid"), "utf8"));
    return commandOf(pid).includes(dataDir) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Children of a process, and theirs. */
export function descendantsOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const child = Number(name);
    const parent = Number.isInteger(child) ? parentOf(child) : undefined;
    if (parent !== undefined) parents.set(child, parent);
  }
  const below = (at: number): readonly number[] =>
    [...parents].filter(([, parent]) => parent === at).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** The shells by which Knarr, the process of this id, starts programs: one for nft, one for mounts. */
export const shellsOf = (pid: number): readonly number[] =>
  descendantsOf(pid).filter((child) => parentOf(child) === pid && commandOf(child).startsWith("sh"));

export function kill(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): boolean {
  try {
    return pid !== undefined && process.kill(pid, signal);
  } catch {
    return false;
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return state === "Z" || parent === undefined ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
