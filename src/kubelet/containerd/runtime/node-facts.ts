import { access, readdir, readFile } from "node:fs/promises";
import type { NodeResources } from "../config/resources.ts";

/** What of the machine bears on its containers. */
export interface NodeFacts extends NodeResources {
  /** Hidden from containers besides upstream's list. */
  readonly maskedPaths: readonly string[];
}

/** Looks at the machine. What it does not tell is left out. */
export async function readNodeFacts(): Promise<NodeFacts> {
  const [memory, pages, cpus] = await Promise.all([
    readFile("/proc/meminfo", "utf8").catch(() => ""),
    readdir("/sys/kernel/mm/hugepages").catch(() => []),
    readdir("/sys/devices/system/cpu").catch(() => []),
  ]);
  const kibibytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(memory)?.[1] ?? 0);
  const throttles = cpus
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`);
  const there = await Promise.all(
    throttles.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return {
    memoryBytes: kibibytes * 1024,
    hugePageSizes: pages.flatMap((name) => {
      const size = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
      return size > 0 ? [sizeName(size)] : [];
    }),
    maskedPaths: throttles.filter((_, i) => there[i]),
  };
}

/** As cgroups call it: `2MB`, from kibibytes. */
function sizeName(kibibytes: number): string {
  if (kibibytes >= 1 << 20) return `${kibibytes >> 20}GB`;
  return kibibytes >= 1 << 10 ? `${kibibytes >> 10}MB` : `${kibibytes}KB`;
}
