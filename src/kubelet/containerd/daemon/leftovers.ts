import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "./layout.ts";

/**
 * What a containerd may have left behind that was killed in the middle of making or removing a sandbox: it forgets
 * what it had not written down yet.
 */
export interface Inventory {
  readonly shims: readonly Shim[];
  /** Containers of which shims keep a folder. */
  readonly tasks: readonly string[];
  /** Files on which the network namespaces of pods are mounted. */
  readonly networks: readonly string[];
  /** Files that say which container has an address. */
  readonly addresses: readonly { readonly file: string; readonly container: string }[];
}

interface Shim {
  readonly container: string;
  /** The shim itself, then everything that it has started. */
  readonly processes: readonly number[];
}

/** What containerd knows of. */
export interface Known {
  readonly containers: ReadonlySet<string>;
  /** Processes by the containers that have one. */
  readonly tasks: ReadonlyMap<string, number>;
  readonly networks: ReadonlySet<string>;
}

/** What of an inventory has no owner (pure). */
export const orphansOf = ({ shims, tasks, networks, addresses }: Inventory, known: Known): Inventory => ({
  shims: shims.filter((shim) => !serves(shim, known)),
  tasks: tasks.filter((container) => !known.tasks.has(container)),
  networks: networks.filter((file) => !known.networks.has(file)),
  addresses: addresses.filter(({ container }) => !known.containers.has(container)),
});

/** A shim has the name of a pod's sandbox, and goes on for the other containers when that has ended. */
function serves({ container, processes }: Shim, { containers, tasks }: Known): boolean {
  if (!containers.has(container)) return false;
  const running = new Set(tasks.values());
  return tasks.has(container) || processes.some((pid) => running.has(pid));
}

/** Looks at what is there. To be done while no containerd is making anything. */
export async function takeInventory(layout: Layout): Promise<Inventory> {
  return {
    shims: await findShims(layout.socket),
    tasks: (await namesIn(layout.tasks)).filter((name) => !name.startsWith(".")),
    networks: (await namesIn(layout.networks)).map((name) => join(layout.networks, name)),
    addresses: await findAddresses(layout.cniAddresses),
  };
}

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

/** The shims of pods' containers, with all their processes. */
export async function findShims(socket: string): Promise<readonly Shim[]> {
  const parents = new Map<number, number>();
  const found: { readonly pid: number; readonly container: string }[] = [];
  for (const name of await namesIn("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const read = (file: string) => readFile(join("/proc", name, file), "utf8").catch(() => "");
    const [words, stat] = [(await read("cmdline")).split("\0"), await read("stat")];
    // The program's name is in brackets and may be anything; the state and the parent follow.
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0));
    const option = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
    const container = option("-id");
    const ours = option("-address") === socket && option("-namespace") === "k8s.io";
    if (container && ours && words[0]?.includes("containerd-shim")) found.push({ pid, container });
  }
  return found.map(({ pid, container }) => ({ container, processes: [pid, ...descendants(pid, parents)] }));
}

function descendants(of: number, parents: ReadonlyMap<number, number>): number[] {
  const children = [...parents].filter(([, parent]) => parent === of).map(([pid]) => pid);
  return children.flatMap((pid) => [pid, ...descendants(pid, parents)]);
}

/** host-local keeps a file for each address, with the container's id in the first line. */
async function findAddresses(folder: string): Promise<Inventory["addresses"]> {
  const found: { readonly file: string; readonly container: string }[] = [];
  for (const network of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, network))) {
      if (!/^[0-9a-f.:]*[.:][0-9a-f.:]*$/.test(name)) continue;
      const file = join(folder, network, name);
      const container = (await readFile(file, "utf8").catch(() => "")).split(/\s/)[0] ?? "";
      if (container) found.push({ file, container });
    }
  }
  return found;
}
