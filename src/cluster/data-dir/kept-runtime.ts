import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodeFolders } from "../nodes/containerd/folders.ts";
import { dataFile } from "./files.ts";

export type RuntimeName = "simulated" | "containerd";

const FILE = dataFile<{ readonly runtime: RuntimeName }>("runtime.json", {
  expected: '{"runtime":"simulated"} or {"runtime":"containerd"}',
  isValid: (value) => ["simulated", "containerd"].includes((value as { runtime?: string } | null)?.runtime ?? ""),
  without: "what runs the nodes is then told by what else is in the directory",
});

/**
 * What has run the nodes of the cluster in a data directory; undefined when none ever came up. Earlier versions kept no
 * note of it: theirs can be told by what containers leave, and by what `up` leaves that has merged a context.
 *
 * @throws StartError when the note of it is damaged.
 */
export function keptRuntime(dataDir: string): RuntimeName | undefined {
  const kept = FILE.read(dataDir);
  if (kept !== undefined) return kept.runtime;
  if (mayHaveContainers(dataDir)) return "containerd";
  const cameUp = existsSync(join(dataDir, "store")) && existsSync(join(dataDir, "context.json"));
  return cameUp ? "simulated" : undefined;
}

/**
 * Whether a cluster whose store is kept has come up here: the note is written then. Older versions wrote none.
 *
 * @throws StartError when the note of it is damaged.
 */
export const hasComeUp = (dataDir: string): boolean => FILE.read(dataDir) !== undefined;

export const keepRuntime = (dataDir: string, runtime: RuntimeName): Promise<void> => FILE.write(dataDir, { runtime });

/** Whether the cluster of a data directory has ever run real containers: they go on running when it stops. */
export function mayHaveContainers(dataDir: string): boolean {
  const { containerd, given } = nodeFolders(dataDir);
  return existsSync(containerd) || existsSync(given);
}
