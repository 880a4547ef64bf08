import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeFolders } from "../nodes/containerd/folders.ts";

export type RuntimeName = "simulated" | "containerd";

const FILE = "runtime.json";

/**
 * What has run the nodes of the cluster in a data directory; undefined when none ever came up. Earlier versions kept no
 * note of it: theirs can be told by what containers leave, and by what `up` leaves that has merged a context.
 */
export function keptRuntime(dataDir: string): RuntimeName | undefined {
  try {
    return (JSON.parse(readFileSync(join(dataDir, FILE), "utf8")) as { readonly runtime: RuntimeName }).runtime;
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  if (mayHaveContainers(dataDir)) return "containerd";
  const cameUp = existsSync(join(dataDir, "store")) && existsSync(join(dataDir, "context.json"));
  return cameUp ? "simulated" : undefined;
}

export async function keepRuntime(dataDir: string, runtime: RuntimeName): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ runtime })}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Whether the cluster of a data directory has ever run real containers: they go on running when it stops. */
export function mayHaveContainers(dataDir: string): boolean {
  const { containerd, given } = nodeFolders(dataDir);
  return existsSync(containerd) || existsSync(given);
}
