import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** The files that kubectl would read, in its order: an explicit one, else those of KUBECONFIG, else ~/.kube/config. */
export function kubeconfigPaths(explicit: string | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  if (explicit) return [explicit];
  const listed = [...new Set((env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== ""))];
  return listed.length > 0 ? listed : [join(env["HOME"] || homedir(), ".kube", "config")];
}

/** The file that a new context is written to, as kind chooses it: the first that exists, else the last. */
export function kubeconfigToMerge(paths: readonly string[]): string {
  return paths.find((path) => existsSync(path)) ?? paths.at(-1)!;
}
