/** Where this machine has its cgroups. */
export type CgroupMounts =
  | {
      readonly version: 1;
      /** Where each controller is mounted; several may share a place, and those with a name have `name=…`. */
      readonly controllers: ReadonlyMap<string, string>;
      /** A tree of cgroup v2 beside them, without controllers, where runtimes make cgroups all the same. */
      readonly unified?: string;
    }
  | { readonly version: 2; readonly mount: string };

const UNIFIED = "/sys/fs/cgroup";

/**
 * By `/proc/self/mountinfo`: cgroup v2 where it is the one at /sys/fs/cgroup (what a hybrid has beside v1 does not
 * count), else v1, of each controller the shortest path. Undefined when there are none.
 */
export function parseCgroupMounts(mountinfo: string): CgroupMounts | undefined {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  let beside: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const mount = before.split(" ")[4]?.replace(/\\040/g, " ");
    const [type, , options = ""] = after.split(" ");
    if (mount === undefined) continue;
    if (type === "cgroup2" && mount === UNIFIED) unified = mount;
    if (type === "cgroup2" && mount === `${UNIFIED}/unified`) beside = mount;
    if (type !== "cgroup") continue;
    for (const controller of options.split(",")) {
      if (!CONTROLLERS.has(controller) && !controller.startsWith("name=")) continue;
      const known = controllers.get(controller);
      if (known === undefined || mount.length < known.length) controllers.set(controller, mount);
    }
  }
  if (unified !== undefined) return { version: 2, mount: unified };
  if (controllers.size === 0) return undefined;
  return { version: 1, controllers, ...(beside === undefined ? {} : { unified: beside }) };
}

/** The options of a mount name its controllers among other things. */
const CONTROLLERS = new Set([
  "blkio",
  "cpu",
  "cpuacct",
  "cpuset",
  "devices",
  "freezer",
  "hugetlb",
  "memory",
  "misc",
  "net_cls",
  "net_prio",
  "perf_event",
  "pids",
  "rdma",
]);

/** Every tree of cgroups there is. */
export const cgroupTrees = (mounts: CgroupMounts): readonly string[] =>
  mounts.version === 2
    ? [mounts.mount]
    : [...new Set([...mounts.controllers.values(), ...(mounts.unified === undefined ? [] : [mounts.unified])])];
