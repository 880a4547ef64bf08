import { existsSync } from "node:fs";
import { mkdir, readFile, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "#base";
import type { Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { hasComeUp } from "./data-dir/kept-runtime.ts";
import { StartError, type ClusterOptions } from "./options.ts";

/** The revision of a store that has never been written to. */
const NEVER_WRITTEN = 1;

/** Opens the store that the options ask for; the durable one is loaded only then. */
export async function openStore(options: ClusterOptions, clock: Clock): Promise<Store> {
  const { dataDir, history = "recent" } = options;
  const kept = history === "all" ? ({ history: "all" } as const) : {};
  if ((options.store ?? (dataDir === undefined ? "memory" : "lmdb")) === "memory") {
    return createMemoryStore({ clock, ...kept });
  }
  if (dataDir === undefined) throw new StartError("the lmdb store needs a data directory");
  const { openLmdbStore, DataDirInUse, DataDirUnusable } = await import("#store/lmdb");
  const dir = join(dataDir, "store");
  const mustHoldObjects = hasComeUp(dataDir) && existsSync(dir);
  try {
    const store = await openLmdbStore({ dir, clock, ...kept });
    if (store.revision > NEVER_WRITTEN || !mustHoldObjects) return store;
    await store.close();
  } catch (error) {
    if (error instanceof DataDirInUse) {
      const by = error.pid === undefined ? "another process" : `process ${error.pid}`;
      throw new StartError(`data directory ${dataDir} is in use by ${by}`, { cause: error });
    }
    if (error instanceof DataDirUnusable) throw new StartError(error.message, { cause: error });
    throw error;
  }
  throw new StartError(
    `${join(dir, "data.mdb")} is empty, but the cluster in ${dataDir} has had objects in it. Put the file back, or remove ${dir}: the cluster then begins anew, without them`,
  );
}

/**
 * Makes the data directory, readable by its owner alone. Resolves to how to take it away again, should the cluster
 * not start: only what was not there before goes, and nothing while something is mounted below it.
 */
export async function prepareDataDir(dataDir: string): Promise<() => Promise<void>> {
  try {
    const made = await mkdir(dataDir, { recursive: true, mode: 0o700 });
    return made === undefined ? () => Promise.resolve() : () => removeMade(resolve(dataDir), made);
  } catch (error) {
    throw new StartError(`data directory ${dataDir} cannot be made: ${(error as Error).message}`, { cause: error });
  }
}

/** `made`: the first directory on the way to it that was not there before. */
async function removeMade(dataDir: string, made: string): Promise<void> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  if (mounts.includes(` ${dataDir}/`)) return;
  await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  for (let at = dirname(dataDir); at.startsWith(made); at = dirname(at)) await rmdir(at).catch(() => {});
}
