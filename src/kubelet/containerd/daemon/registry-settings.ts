import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { registryHostFiles, type RegistrySettings } from "#kubelet";

/** The first line of a file that is ours to change; others are the user's own. */
const OURS = "# Written by knarr; another start writes it anew.\n";

/** Writes how registries are reached, and removes what an earlier start wrote and this one does not need. */
export async function writeRegistrySettings(folder: string, settings: RegistrySettings): Promise<void> {
  const files = registryHostFiles(settings);
  const paths = new Map([...files].map(([path, text]) => [join(folder, path), OURS + text]));
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name, "hosts.toml");
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.startsWith(OURS) && !paths.has(path)) await rm(dirname(path), { recursive: true, force: true });
  }
  for (const [path, text] of paths) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
