import { existsSync, globSync, readFileSync } from "node:fs";
import { leaksSince, type Traces } from "../../../test/equipment/leaks.ts";
import type { TestNamespace } from "../../../test/equipment/network-namespace.ts";

/** Folders of the cgroups that a cluster's containers are in, in every hierarchy. */
export function cgroupsOf(namespace: TestNamespace): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const pid of namespace.processes()) {
    for (const path of cgroupPaths(pid)) {
      for (const folder of globSync(`/sys/fs/cgroup/{,*/}${path.slice(1)}`)) folders.add(folder);
    }
  }
  return folders;
}

/** Those that a node makes: `4:memory:/knarr-0a1b2c3d/kubepods/…`. */
function cgroupPaths(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
    return [...text.matchAll(/^\d+:[^:]*:(\/knarr-.*)$/gm)].map(([, path]) => path!);
  } catch {
    // It ended while it was looked at.
    return [];
  }
}

/** Other clusters on the machine have such ones too: those of this one are known by {@link cgroupsOf}. */
const SHARED = /^(?:network namespace|cgroup) /;

/** What is left of a cluster: in its folder, its network and its cgroups, a line each. What is about to go has time to. */
export async function leftOf(
  cgroups: ReadonlySet<string>,
  before: Traces,
  { dir, namespace }: { readonly dir: string; readonly namespace: TestNamespace },
): Promise<string[]> {
  const traces = await leaksSince(before, { dirs: [dir], namespace });
  return [...traces.filter((trace) => !SHARED.test(trace)), ...[...cgroups].filter((path) => existsSync(path))];
}
