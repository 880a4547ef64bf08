import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** What Knarr puts into a data directory; nothing else is ever removed from it. */
const OURS = new Set([
  "pki",
  "store",
  "running.json",
  "running.json.new",
  "knarr.log",
  "context.json",
  "options.json",
  "options.json.new",
  "runtime.json",
  "runtime.json.new",
  "network.json",
  "network.json.new",
  "containerd",
  "containerd.json",
  "kubelet",
]);

/** Full paths of Knarr's own entries, names of all others. A directory that is not there holds neither. */
export async function dataDirContents(dir: string): Promise<{ readonly ours: string[]; readonly foreign: string[] }> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { ours: [], foreign: [] };
    throw error;
  }
  return {
    ours: names.filter((name) => OURS.has(name)).map((name) => join(dir, name)),
    foreign: names.filter((name) => !OURS.has(name)),
  };
}
