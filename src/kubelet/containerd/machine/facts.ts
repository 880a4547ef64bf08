/** Reads what the kernel and the system say of themselves, in their own files. Pure. */

export interface Meminfo {
  /** Bytes. */
  readonly total: number;
  /** Bytes that new programs could have, without swapping. */
  readonly available: number;
}

/** `/proc/meminfo`. Throws an Error when it is none. */
export function parseMeminfo(text: string): Meminfo {
  const kilobytes = (name: string) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`no ${name} in the memory information of the kernel`);
    return Number(found) * 1024;
  };
  return { total: kilobytes("MemTotal"), available: kilobytes("MemAvailable") };
}

/** The system's name in `/etc/os-release`: `Debian GNU/Linux 12 (bookworm)`. */
export function parseOsImage(text: string): string {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1]?.replace(/^(["'])(.*)\1$/, "$2");
  return value("PRETTY_NAME") || value("NAME") || "Linux";
}

/** How many tasks there are, by `/proc/loadavg`: `0.00 0.01 0.05 1/123 4567`. */
export function parseTasks(loadavg: string): number {
  const found = /^(?:\S+\s){3}\d+\/(\d+)\s/.exec(loadavg)?.[1];
  if (found === undefined) throw new Error("no count of tasks in the load information of the kernel");
  return Number(found);
}

/**
 * The interface that leads to the rest of the world: of the default routes of `/proc/net/route` the one of the
 * lowest metric; undefined when there is none.
 */
export function defaultRouteInterface(routes: string): string | undefined {
  const UP = 1;
  const defaults = routes
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([, destination, , flags = "0", , , , mask]) => {
      return destination === "00000000" && mask === "00000000" && (Number.parseInt(flags, 16) & UP) !== 0;
    })
    .map(([name = "", , , , , , metric = "0"]) => ({ name, metric: Number(metric) }));
  return defaults.sort((a, b) => a.metric - b.metric)[0]?.name;
}

/** A processor of Node's (`process.arch`) as Go names it. */
export function goArchitecture(arch: string): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[arch] ?? arch;
}
