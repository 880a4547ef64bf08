// Each test file is a process of its own, and would strip and compile the same sources again.
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Entries stand under the paths of files: what is gone leaves its entry behind, such as the bundle of each build. */
const MOST_ENTRIES = 20_000;

/** Lets Node keep compiled code for all processes that the tests start. It compares the source with each entry. */
export function useCompileCache(root: string, env: NodeJS.ProcessEnv, mostEntries = MOST_ENTRIES): void {
  const folder = join(root, ".cache/compile");
  if (globSync("*/*", { cwd: folder }).length > mostEntries) rmSync(folder, { recursive: true, force: true });
  env["NODE_COMPILE_CACHE"] ??= folder;
}
