import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#base";
import type { Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { StartError, type ClusterOptions } from "./options.ts";

/** Opens the store that the options ask for; the durable one is loaded only then. */
export async function openStore(options: ClusterOptions, clock: Clock): Promise<Store> {
  const { dataDir, history = "recent" } = options;
  const kept = history === "all" ? ({ history: "all" } as const) : {};
  if ((options.store ?? (dataDir === undefined ? "memory" : "lmdb")) === "memory") {
    return createMemoryStore({ clock, ...kept });
  }
  if (dataDir === undefined) throw new StartError("the lmdb store needs a data directory");
  const { openLmdbStore, DataDirInUse, DataDirUnusable } = await import("#store/lmdb");
  try {
    return await openLmdbStore({ dir: join(dataDir, "store"), clock, ...kept });
  } catch (error) {
    if (error instanceof DataDirInUse) {
      const by = error.pid === undefined ? "another process" : `process ${error.pid}`;
      throw new StartError(`data directory ${dataDir} is in use by ${by}`, { cause: error });
    }
    if (error instanceof DataDirUnusable) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** Makes the data directory, readable by its owner alone. */
export async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(`data directory ${dataDir} cannot be made: ${(error as Error).message}`, { cause: error });
  }
}
