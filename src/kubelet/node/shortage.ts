/** What a node can be short of, as upstream names it in messages. */
export type ScarceResource = "memory" | "ephemeral-storage" | "inodes" | "pids";

/** Something of which there is less than there has to be. */
export interface Shortage {
  readonly resource: ScarceResource;
  /** Which disk: that of pods' data, or that of images. Absent for what is on no disk. */
  readonly disk?: "node" | "images";
  /** As it was set: `100Mi`; percentages as the amount that they come to. */
  readonly threshold: string;
  /** Bytes, inodes or processes. */
  readonly available: number;
}

/** The shortage to act upon: memory before disks, and processes last, for they cannot be reclaimed (upstream byEvictionPriority). */
export const firstShortage = (shortages: readonly Shortage[]): Shortage | undefined =>
  shortages.find(({ resource }) => resource === "memory") ??
  shortages.find(({ resource }) => resource !== "pids") ??
  shortages[0];
