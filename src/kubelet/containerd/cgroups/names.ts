import { qosClass, type Pod } from "#objects";

/** The cgroups of a node's pods by name, from the root of each tree (upstream's cgroupfs driver). */
export interface CgroupNames {
  /** `/kubepods` */
  readonly pods: string;
  readonly burstable: string;
  readonly bestEffort: string;
  podCgroup(pod: Pod): string;
}

/** `parent`: what the cgroups of this node are under, so that several can share a machine: `/knarr-1`; "" for none. */
export function cgroupNames(parent: string): CgroupNames {
  const pods = `${parent}/kubepods`;
  const burstable = `${pods}/burstable`;
  const bestEffort = `${pods}/besteffort`;
  const classes = { Guaranteed: pods, Burstable: burstable, BestEffort: bestEffort };
  return {
    pods,
    burstable,
    bestEffort,
    podCgroup: (pod) => `${classes[qosClass(pod.spec)]}/${folderOf(pod.metadata.uid ?? "")}`,
  };
}

/** The last part of a pod's cgroup. */
export const folderOf = (uid: string): string => `pod${uid}`;

/** Whose cgroup a folder is; undefined when it is no pod's. */
export const uidOf = (folder: string): string | undefined => /^pod([\w-]+)$/.exec(folder)?.[1];
