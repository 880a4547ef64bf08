import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sleep, type Clock } from "#base";

/** What can be done in a tree of cgroups. Paths are whole. */

const RETRY_MS = 10;
/** Processes that were killed are gone within moments. */
const ATTEMPTS = 200;

const isGone = (error: unknown) => {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENODEV";
};
const isBusy = (error: unknown) => (error as NodeJS.ErrnoException).code === "EBUSY";

/** Makes a cgroup and those above it. */
export const makeCgroup = (path: string): Promise<string | undefined> => mkdir(path, { recursive: true });

/** Writes a cgroup's file. It must be there: a name that the kernel does not know is not made. */
export const setFile = (path: string, file: string, value: string): Promise<void> =>
  writeFile(join(path, file), value, { flag: "r+" });

/**
 * Hands the controllers of cgroup v2 down from the mount to what is in the cgroup, as far as there are such. Rejects
 * when one of those needed cannot be.
 */
export async function handDown(
  mount: string,
  path: string,
  wanted: readonly string[],
  needed: readonly string[],
): Promise<void> {
  const chain: string[] = [];
  for (let at = path; at.length >= mount.length; at = dirname(at)) chain.unshift(at);
  for (const at of chain) {
    const available = await wordsOf(at, "cgroup.controllers");
    const enabled = await wordsOf(at, "cgroup.subtree_control");
    // One by one: a single one that cannot be would keep all the others back.
    for (const name of wanted) {
      if (!available.includes(name) || enabled.includes(name)) continue;
      await setFile(at, "cgroup.subtree_control", `+${name}`).catch((error: unknown) => {
        if (needed.includes(name)) throw error;
      });
    }
  }
}

const wordsOf = async (path: string, file: string) => (await readFile(join(path, file), "utf8")).trim().split(/\s+/);

/** The folders in a cgroup; none when it is not there. */
export async function childrenOf(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** The processes in a cgroup and below it. */
export async function processesIn(path: string): Promise<readonly number[]> {
  const below = await Promise.all((await childrenOf(path)).map((child) => processesIn(join(path, child))));
  try {
    const own = (await readFile(join(path, "cgroup.procs"), "utf8")).split("\n").filter(Boolean).map(Number);
    return [...own, ...below.flat()];
  } catch (error) {
    if (isGone(error)) return below.flat();
    throw error;
  }
}

/** Kills what runs in a cgroup and below it. */
export async function killProcesses(path: string): Promise<void> {
  // Zero stands for a process outside of this namespace.
  for (const pid of await processesIn(path)) {
    if (pid <= 1 || pid === process.pid) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Kills what runs in a cgroup and below it, and removes them. Rejects when what was killed does not go. */
export async function removeCgroup(path: string, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await killProcesses(path);
    try {
      await removeEmpty(path);
      return;
    } catch (error) {
      if (!isBusy(error) || attempt >= ATTEMPTS) throw error;
      await sleep(clock, RETRY_MS);
    }
  }
}

async function removeEmpty(path: string): Promise<void> {
  for (const child of await childrenOf(path)) await removeEmpty(join(path, child));
  try {
    await rmdir(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Removes a cgroup that nothing is in; any other stays. */
export async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    if (!isBusy(error) && !isGone(error) && (error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  });
}
