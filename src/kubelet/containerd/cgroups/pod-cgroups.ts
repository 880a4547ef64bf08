import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, type Clock, type Log } from "#base";
import { qosClass, specRequests, type Pod } from "#objects";
import { cgroupTrees, parseCgroupMounts, type CgroupMounts } from "./mounts.ts";
import { cgroupNames, folderOf, uidOf } from "./names.ts";
import {
  bestEffortSettings,
  burstableSettings,
  nodeSettings,
  podCgroupSettings,
  type CgroupFacts,
  type CgroupSetting,
} from "./settings.ts";
import { childrenOf, handDown, killProcesses, makeCgroup, removeCgroup, removeIfEmpty, setFile } from "./tree.ts";

export interface PodCgroupsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What the cgroups are under, so that several nodes can share a machine: `/knarr-1`. Default: `/kubepods` itself. */
  readonly parent?: string;
  /** What of the machine is for pods: thousandths of a CPU, and bytes. Without it, all of it. */
  readonly capacity?: { readonly cpu: number; readonly memory: number };
  /** Processes that the containers of one pod may have together. Default: no bound. */
  readonly podPidsLimit?: number;
  /** Where cgroups are, when not where this process has them. */
  readonly mounts?: CgroupMounts;
}

/** The cgroups of pods, with what each may use as a whole. */
export interface PodCgroups {
  /** Absent when there is something that stands in the way of cgroups here: why. */
  readonly unavailable?: string;
  /**
   * Makes the pod's cgroup, or brings it up to what the pod may use now; for pods that are taken over, too. Resolves
   * to its name, for `cgroup_parent`: `/kubepods/burstable/pod<uid>`; "" where there are none.
   */
  createPodCgroup(pod: Pod): Promise<string>;
  /** Kills what is left in a pod's cgroup, and removes it. Nothing of the pod is to be started any more. */
  removePodCgroup(uid: string): Promise<void>;
  /** Kills what runs in a pod's cgroup. */
  killAll(uid: string): Promise<void>;
  /** Whose cgroups there are, of this start or an earlier one. */
  uids(): Promise<readonly string[]>;
  /** Removes all of them, as when the node is taken down for good. */
  destroy(): Promise<void>;
}

/** The controllers that pods' bounds are of. */
const BOUNDING = ["cpu", "memory", "pids", "hugetlb"] as const;
/** Those that a runtime wants to find in the cgroup v2 of a pod. */
const HANDED_DOWN = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"];

/**
 * Makes the cgroups above those of pods. Where that cannot be done (no rights, read-only, a container that shares
 * its cgroup), it says so in one line, and pods are bounded by container only.
 */
export async function openPodCgroups(options: PodCgroupsOptions): Promise<PodCgroups> {
  const { log, parent = "" } = options;
  const mounts = options.mounts ?? parseCgroupMounts(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
  const why = mounts ? await prepare(mounts, options) : "no cgroups are mounted";
  if (!mounts || why !== undefined) {
    log.warn("pods have no cgroups of their own: what they may use is bounded by container only", { parent, why });
    return unavailable(why ?? "");
  }
  return podCgroups(mounts, options);
}

function unavailable(why: string): PodCgroups {
  const nothing = () => Promise.resolve();
  return {
    unavailable: why,
    createPodCgroup: () => Promise.resolve(""),
    removePodCgroup: nothing,
    killAll: nothing,
    uids: () => Promise.resolve([]),
    destroy: nothing,
  };
}

/** Makes the cgroups of the classes. Resolves to what stands in the way, if something does. */
async function prepare(mounts: CgroupMounts, options: PodCgroupsOptions): Promise<string | undefined> {
  const { parent = "", capacity } = options;
  const names = cgroupNames(parent);
  const facts = await factsOf(mounts);
  const apply = applier(mounts, options.log);
  try {
    await apply(names.pods, capacity ? nodeSettings(capacity, facts) : []);
    await apply(names.burstable, burstableSettings(0, facts));
    await apply(names.bestEffort, bestEffortSettings(facts));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function factsOf({ version }: CgroupMounts): Promise<CgroupFacts> {
  const sizes = await readdir("/sys/kernel/mm/hugepages").catch(() => []);
  const hugePageSizes = sizes.flatMap((name) => {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kilobytes === 0) return [];
    if (kilobytes % 1024 ** 2 === 0) return [`${kilobytes / 1024 ** 2}GB`];
    return [kilobytes % 1024 === 0 ? `${kilobytes / 1024}MB` : `${kilobytes}KB`];
  });
  return { version, hugePageSizes };
}

/** Makes a cgroup in every tree that bounds something, and sets it. Rejects when it cannot be made. */
function applier(mounts: CgroupMounts, log: Log) {
  const rootOf = (controller: string) => (mounts.version === 2 ? mounts.mount : mounts.controllers.get(controller));
  const roots = [...new Set(BOUNDING.map(rootOf).filter((root) => root !== undefined))];
  return async (name: string, settings: readonly CgroupSetting[]): Promise<void> => {
    for (const root of roots) {
      const path = join(root, name);
      await makeCgroup(path);
      if (mounts.version === 2) await handDown(root, path, HANDED_DOWN, BOUNDING);
    }
    for (const { controller, file, value } of settings) {
      const root = rootOf(controller);
      if (root === undefined) continue;
      try {
        await setFile(join(root, name), file, value);
      } catch (error) {
        // A kernel may lack one or the other; upstream lets pods run then, too.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
        log.warn("a cgroup could not be set", { cgroup: name, file, value, error });
      }
    }
  };
}

async function podCgroups(mounts: CgroupMounts, options: PodCgroupsOptions): Promise<PodCgroups> {
  const { clock, log, parent = "", podPidsLimit } = options;
  const names = cgroupNames(parent);
  const facts = await factsOf(mounts);
  const apply = applier(mounts, log);
  const trees = cgroupTrees(mounts);
  const classes = [names.pods, names.burstable, names.bestEffort];
  /** What burstable pods ask for: thousandths of a CPU by uid. */
  const burstable = new Map<string, number>();

  const weigh = () =>
    apply(
      names.burstable,
      burstableSettings(
        [...burstable.values()].reduce((sum, milli) => sum + milli, 0),
        facts,
      ),
    );
  /** Every place that the pod's cgroup can be: its class may have been another. */
  const placesOf = (uid: string) => trees.flatMap((tree) => classes.map((name) => join(tree, name, folderOf(uid))));

  return {
    async createPodCgroup(pod) {
      const { uid = "" } = pod.metadata;
      const name = names.podCgroup(pod);
      if (qosClass(pod.spec) === "Burstable") {
        burstable.set(uid, specRequests(pod.spec)["cpu"] ?? 0);
        await weigh();
      }
      await apply(name, podCgroupSettings(pod, facts, podPidsLimit));
      return name;
    },
    async removePodCgroup(uid) {
      for (const place of placesOf(uid)) await removeCgroup(place, clock);
      if (burstable.delete(uid)) await weigh();
    },
    async killAll(uid) {
      for (const place of placesOf(uid)) await killProcesses(place);
    },
    async uids() {
      const folders = await Promise.all(trees.flatMap((tree) => classes.map((name) => childrenOf(join(tree, name)))));
      return [...new Set(folders.flat().flatMap((folder) => uidOf(folder) ?? []))];
    },
    async destroy() {
      for (const tree of trees) {
        await removeCgroup(join(tree, names.pods), clock);
        for (let at = parent; at !== "" && at !== "/"; at = dirname(at)) {
          await removeIfEmpty(join(tree, at));
        }
      }
    },
  };
}
