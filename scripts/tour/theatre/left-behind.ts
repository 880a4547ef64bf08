import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { leaksSince, type Traces } from "../../../test/equipment/leaks.ts";
import type { TestNamespace } from "../../../test/equipment/network-namespace.ts";

/** What the kernel keeps for the containers of a cluster, as paths: network namespaces and cgroups. */
export type Containers = ReadonlySet<string>;

/** What there is for the processes of a network namespace and all they started, apart from that network itself. */
export function containersOf(namespace: TestNamespace): Containers {
  const networks = new Map(globSync("/run/netns/*").map((path) => [statSync(path).ino, path]));
  networks.delete(statSync(namespace.path).ino);
  const paths = new Set<string>();
  for (const pid of namespace.processes()) {
    try {
      const network = networks.get(statSync(`/proc/${pid}/ns/net`).ino);
      if (network !== undefined) paths.add(network);
      for (const cgroup of cgroupsOf(readFileSync(`/proc/${pid}/cgroup`, "utf8"))) paths.add(cgroup);
    } catch {
      // It ended while it was looked at.
    }
  }
  return paths;
}

/** `4:memory:/knarr-0a1b2c3d/kubepods/…`: folders of a node's own cgroups, in every hierarchy. */
function cgroupsOf(text: string): string[] {
  return [...text.matchAll(/^\d+:([^:]*):(\/knarr-[^\n]*)$/gm)].flatMap(([, , path]) =>
    globSync(`/sys/fs/cgroup/{,*/}${path!.slice(1)}`),
  );
}

/** Other clusters on the machine have such ones too: those of this one are known by {@link containersOf}. */
const SHARED = /^(?:network namespace|cgroup) /;

/** What is left of the containers, and of the cluster in its folder and network, a line each. */
export async function leftOf(
  containers: Containers,
  before: Traces,
  { dir, namespace }: { readonly dir: string; readonly namespace: TestNamespace },
): Promise<string[]> {
  const traces = await leaksSince(before, { dirs: [dir], namespace });
  return [...traces.filter((trace) => !SHARED.test(trace)), ...[...containers].filter((path) => existsSync(path))];
}
