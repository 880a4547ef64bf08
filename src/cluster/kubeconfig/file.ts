import { mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { sleep, type Clock } from "#base";
import { addContext, parseKubeconfig, removeContext, CorruptKubeconfig, type ClusterAccess } from "./document.ts";
import { chooseContext, holderOf, type ChosenContext, type ContextOwner } from "./ownership.ts";
import { kubeconfigPaths, kubeconfigToMerge } from "./paths.ts";

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

function parse(path: string, text: string) {
  try {
    return parseKubeconfig(text);
  } catch (error) {
    if (error instanceof CorruptKubeconfig)
      throw new CorruptKubeconfig(`kubeconfig ${path} is corrupt: ${error.message}`);
    throw error;
  }
}

/** Whole or not at all, readable by its owner alone; follows a symbolic link rather than replacing it. */
async function writeSecret(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.knarr-${process.pid}`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A lock that has stood this long was left behind by a process that died. */
const STALE_LOCK_MS = 30_000;
const LOCK_PATIENCE_MS = 35_000;

/** Holds `path.lock`, as kubectl and kind do, while `work` runs. */
async function locked<T>(clock: Clock, path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  const deadline = clock.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      await (await open(lock, "wx", 0o600)).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const since = await stat(lock).then(
        ({ mtimeMs }) => mtimeMs,
        () => clock.now(),
      );
      if (clock.now() - since > STALE_LOCK_MS) await rm(lock, { force: true });
      else if (clock.now() > deadline) throw new Error(`${lock} is held by another process`);
      else await sleep(clock, 50);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

export interface KubeconfigTarget {
  /** The file asked for by option; otherwise KUBECONFIG and the default decide. */
  readonly explicit: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

/**
 * Whether the context of a cluster can be merged.
 *
 * @throws CorruptKubeconfig when the file that would be merged into cannot be; StartError when the name asked for is
 * another cluster's.
 */
export async function checkKubeconfig(target: KubeconfigTarget, owner: ContextOwner): Promise<void> {
  const path = kubeconfigToMerge(kubeconfigPaths(target.explicit, target.env));
  chooseContext(parse(path, await read(path)), owner);
}

export interface Merged extends ChosenContext {
  /** The file. */
  readonly path: string;
  /** The current context of before; empty: there was none. */
  readonly previous: string;
}

/** Merges the context of a cluster into the kubeconfig that kubectl would use, beside those of others. */
export async function mergeKubeconfig(
  target: KubeconfigTarget,
  owner: ContextOwner,
  access: ClusterAccess,
  use: boolean,
): Promise<Merged> {
  const path = kubeconfigToMerge(kubeconfigPaths(target.explicit, target.env));
  return locked(target.clock, path, async () => {
    const document = parse(path, await read(path));
    const chosen = chooseContext(document, owner);
    const previous = addContext(document, { name: chosen.name, access, use, dataDir: owner.dataDir });
    await writeSecret(path, document.toString());
    return { ...chosen, path, previous };
  });
}

export interface Unmerged {
  readonly name: string;
  readonly dataDir: string;
  /** What becomes the current context again. */
  readonly previous: string;
}

/** Takes a cluster's own context out of every kubeconfig that kubectl would read; returns the files changed. */
export async function unmergeKubeconfig(
  target: KubeconfigTarget,
  { name, dataDir, previous }: Unmerged,
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const path of kubeconfigPaths(target.explicit, target.env)) {
    if ((await read(path)) === "") continue;
    await locked(target.clock, path, async () => {
      const document = parse(path, await read(path));
      if (holderOf(document, name, dataDir) !== "own" || !removeContext(document, name, previous)) return;
      await writeSecret(path, document.toString());
      changed.push(path);
    });
  }
  return changed;
}
