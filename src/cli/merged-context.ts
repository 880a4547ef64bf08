import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The context that `up` merged, and the kubeconfig file it went into: `down --purge` takes it out of there. */
export interface MergedContext {
  readonly context: string;
  readonly kubeconfig: string;
  /** The current context of before the first time: it is so again when this one goes. */
  readonly previous?: string;
}

const FILE = "context.json";

/** Kept in the data directory for as long as there is one: a stopped cluster can be purged as well. */
export async function rememberContext(dataDir: string, merged: MergedContext): Promise<void> {
  await writeFile(join(dataDir, FILE), JSON.stringify(merged, null, 2) + "\n", { mode: 0o600 });
}

/** Undefined for a directory in which no cluster came up. */
export async function recallContext(dataDir: string): Promise<MergedContext | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, FILE), "utf8")) as MergedContext;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
