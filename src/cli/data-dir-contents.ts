import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** What Knarr puts into a data directory; nothing else is ever removed from it. */
const OURS = new Set([
  "pki",
  "store",
  "running.json",
  "knarr.log",
  "context.json",
  "options.json",
  "runtime.json",
  "network.json",
  "containerd",
  "containerd.json",
  "kubelet",
]);

/** A file that was being replaced when its process was killed is left as `<name>.new`. */
const isOurs = (name: string) =>
  OURS.has(name) || (name.endsWith(".json.new") && OURS.has(name.slice(0, -".new".length)));

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
    ours: names.filter(isOurs).map((name) => join(dir, name)),
    foreign: names.filter((name) => !isOurs(name)),
  };
}
