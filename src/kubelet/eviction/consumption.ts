import type { Pod } from "#objects";
import type { DiskUse } from "../runtime.ts";

export const NO_DISK: DiskUse = { bytes: 0, inodes: 0 };

export const addDisk = (a: DiskUse, b: DiskUse): DiskUse => ({
  bytes: a.bytes + b.bytes,
  inodes: a.inodes + b.inodes,
});

/** What one container uses by now. */
export interface ContainerConsumption {
  readonly name: string;
  /** Bytes that could not be taken back without harm; absent when nothing was measured. */
  readonly memory?: number;
  /** What it has written over its image; absent when nothing was measured. */
  readonly rootfs?: DiskUse;
  readonly logs: DiskUse;
}

/** What a pod uses by now. */
export interface PodConsumption {
  readonly containers: readonly ContainerConsumption[];
  /** Of its own volumes on disk, by name. */
  readonly volumes: ReadonlyMap<string, DiskUse>;
}

/** A pod that could be evicted; `used` is absent when nothing is known of it. */
export interface Candidate {
  readonly pod: Pod;
  readonly used: PodConsumption | undefined;
}

export const memoryOf = ({ containers }: PodConsumption): number =>
  containers.reduce((sum, { memory = 0 }) => sum + memory, 0);

/** Parts of a pod's disk usage that lie on different file systems where images have one of their own. */
export interface DiskParts {
  readonly rootfs: boolean;
  /** Logs and volumes. */
  readonly own: boolean;
}

export function diskOf({ containers, volumes }: PodConsumption, { rootfs, own }: DiskParts): DiskUse {
  const parts = [
    ...(rootfs ? containers.map((container) => container.rootfs ?? NO_DISK) : []),
    ...(own ? [...containers.map(({ logs }) => logs), ...volumes.values()] : []),
  ];
  return parts.reduce(addDisk, NO_DISK);
}
