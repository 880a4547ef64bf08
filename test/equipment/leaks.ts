import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TestNamespace } from "./network-namespace.ts";

/** What containers leave on a machine, as lines that can be compared: `mount /tmp/x/state/…`. */
export type Traces = ReadonlySet<string>;

export interface TraceOptions {
  /** Folders of the clusters that are looked at: their processes and mounts are known by them. */
  readonly dirs: readonly string[];
  /** Where they run: its processes, links and packet rules count too. */
  readonly namespace?: TestNamespace;
}

/** All there is now of processes, mounts, network namespaces, cgroups, links and packet rules. */
export async function tracesNow({ dirs, namespace }: TraceOptions): Promise<Traces> {
  return new Set([
    ...processes(dirs, namespace),
    ...mounts(dirs),
    ...networkNamespaces(namespace),
    ...cgroups(),
    ...(namespace ? await links(namespace) : []),
    ...(namespace ? await tables(namespace) : []),
  ]);
}

/**
 * What there is now and was not before. What goes away by itself is given time; resolves as soon as nothing is left,
 * or to what is left after `patienceMs`.
 */
export async function leaksSince(before: Traces, options: TraceOptions, patienceMs = 5_000): Promise<string[]> {
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

/** Only those that CNI makes: others come and go with the tests that run beside this one. */
function* networkNamespaces(own: TestNamespace | undefined): Generator<string> {
  for (const path of globSync("/run/netns/cni-*")) if (path !== own?.path) yield `network namespace ${path}`;
}

/** Those of Pods, in every hierarchy; both drivers' names. */
function* cgroups(): Generator<string> {
  for (const path of globSync("/sys/fs/cgroup/{,*/}kubepods{,.slice}/{,*/}*pod*")) {
    if (/(?:^|-)pod/.test(basename(path)) && dirname(path) !== "/sys/fs/cgroup") yield `cgroup ${path}`;
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
