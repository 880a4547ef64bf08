import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nodeFolders } from "../../src/cluster/nodes/containerd/folders.ts";
import type { TestNamespace } from "./network-namespace.ts";

/** What containers leave on a machine, as lines that can be compared: `mount /tmp/x/state/…`. */
export type Traces = ReadonlySet<string>;

export interface TraceOptions {
  /** Folders of the clusters that are looked at: their processes and mounts are known by them. */
  readonly dirs: readonly string[];
  /** Where they run: its processes, links and packet rules count too. */
  readonly namespace?: TestNamespace;
}

/** All there is now of processes, mounts, network namespaces, cgroups, what is kept of pods, links and packet rules. */
export async function tracesNow({ dirs, namespace }: TraceOptions): Promise<Traces> {
  return new Set([
    ...processes(dirs, namespace),
    ...mounts(dirs),
    ...networkNamespaces(namespace),
    ...cgroups(dirs),
    ...folders(dirs),
    ...elsewhere(dirs),
    ...(namespace ? await links(namespace) : []),
    ...(namespace ? await tables(namespace) : []),
  ]);
}

/**
 * What there is now and was not before. What goes away by itself is given time; resolves as soon as nothing is left,
 * or to what is left after `patienceMs`.
 */
export async function leaksSince(before: Traces, options: TraceOptions, patienceMs = 60_000): Promise<string[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const left = [...(await tracesNow(options))].filter((trace) => !before.has(trace)).sort();
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(100);
  }
}

function* processes(dirs: readonly string[], namespace: TestNamespace | undefined): Generator<string> {
  const inside = new Set(namespace?.processes() ?? []);
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
    const ours = inside.has(pid) || dirs.some((dir) => command.includes(`${dir}/`) || command.endsWith(dir));
    if (ours) yield `process ${pid} ${command}`;
  }
}

function* mounts(dirs: readonly string[]): Generator<string> {
  for (const line of read("/proc/self/mountinfo").split("\n")) {
    const point = line.split(" ")[4];
    if (point && dirs.some((dir) => point === dir || point.startsWith(`${dir}/`))) yield `mount ${point}`;
  }
}

/** Only those that CNI makes, and that no process is in: others come and go with the tests that run beside this one. */
function* networkNamespaces(own: TestNamespace | undefined): Generator<string> {
  const used = new Set<number>();
  for (const path of globSync("/proc/[0-9]*/ns/net")) used.add(inode(path));
  for (const path of globSync("/run/netns/cni-*"))
    if (path !== own?.path && !used.has(inode(path))) yield `network namespace ${path}`;
}

function inode(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return 0;
  }
}

/** Of the clusters, in every hierarchy. */
function* cgroups(dirs: readonly string[]): Generator<string> {
  for (const dir of dirs) {
    for (const dataDir of [dir, join(dir, "data")])
      for (const path of globSync(
        `/sys/fs/cgroup/{,*/}${nodeFolders(dataDir).cgroup.slice(1)}{,/kubepods,/kubepods/**/pod*}`,
      ))
        if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) yield `cgroup ${path}`;
  }
}

/** What a node keeps of its pods: logs, files and volumes, addresses, and what runc and containerd know of. */
function* folders(dirs: readonly string[]): Generator<string> {
  for (const dir of dirs) {
    for (const dataDir of [dir, join(dir, "data")]) {
      const { containerd, kubelet, logs } = nodeFolders(dataDir);
      const kinds = [
        ["log folder", `${logs}/*`],
        ["pod folder", `${kubelet}/pods/*`],
        ["address", `${containerd}/addresses/*/*.*.*.*`],
        ["runc", `${containerd}/state/runc/*/*`],
        ["task", `${containerd}/state/io.containerd.runtime.v2.task/*/*`],
        ["sandbox", `${containerd}/state/io.containerd.grpc.v1.cri/{sandboxes,containers,netns}/*`],
      ] as const;
      for (const [kind, pattern] of kinds)
        for (const path of globSync(pattern)) yield `${kind} ${relative(dataDir, path)}`;
    }
  }
}

/** What the library of CNI remembers of pods. */
function* elsewhere(dirs: readonly string[]): Generator<string> {
  for (const path of globSync("/var/lib/cni/results/*")) {
    const { config = "" } = JSON.parse(read(path) || "{}") as { readonly config?: string };
    const text = Buffer.from(config, "base64").toString();
    if (dirs.some((dir) => text.includes(`"${dir}/`))) yield `CNI result ${path}`;
  }
}

async function links(namespace: TestNamespace): Promise<string[]> {
  const { stdout } = await namespace.run("ip", ["-json", "link"]);
  const found = JSON.parse(stdout || "[]") as readonly { readonly ifname: string }[];
  return found.map(({ ifname }) => `link ${ifname}`);
}

async function tables(namespace: TestNamespace): Promise<string[]> {
  const { stdout } = await namespace.run("nft", ["list", "tables"]);
  return stdout.split("\n").filter(Boolean);
}

/** Empty when it went away meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
