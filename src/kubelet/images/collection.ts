import type { StoredImage } from "../runtime.ts";

/** When images go, and how many (upstream ImageGCPolicy). */
export interface CollectionPolicy {
  /** From so much of the disk in use on, images go. */
  readonly highThresholdPercent: number;
  /** Until only so much is in use. */
  readonly lowThresholdPercent: number;
  /** An image that is not known for so long stays: it may be about to be used. */
  readonly minAgeMs: number;
  /** With so many bytes to spare nothing goes, whatever the share. */
  readonly enoughBytes?: number;
}

export const UPSTREAM_POLICY: CollectionPolicy = {
  highThresholdPercent: 85,
  lowThresholdPercent: 80,
  minAgeMs: 120_000,
};

const GIB = 2 ** 30;

/** For a machine that is not the cluster's alone: what else is on a large disk is no reason to remove images. */
export const SHARED_MACHINE_POLICY: CollectionPolicy = { ...UPSTREAM_POLICY, enoughBytes: 10 * GIB };

/** What is known of an image from one look to the next. Times are milliseconds since the epoch. */
export interface ImageRecord {
  readonly image: StoredImage;
  /** -Infinity: it was there before the first look. */
  readonly firstSeen: number;
  /** -Infinity: never, as far as is known. */
  readonly lastUsed: number;
}

export type ImageRecords = ReadonlyMap<string, ImageRecord>;

/** Takes in what there is now. Without earlier records the age of images is unknown. */
export function lookAgain(
  before: ImageRecords | undefined,
  images: readonly StoredImage[],
  inUse: (image: StoredImage) => boolean,
  now: number,
): ImageRecords {
  return new Map(
    images.map((image) => {
      const known = before?.get(image.id);
      const firstSeen = known?.firstSeen ?? (before ? now : -Infinity);
      const lastUsed = inUse(image) ? now : (known?.lastUsed ?? -Infinity);
      return [image.id, { image, firstSeen, lastUsed }];
    }),
  );
}

/** The size of the disk that holds the images, in bytes. */
export interface DiskUsage {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

/** How many bytes have to go; 0 while there is room (upstream GarbageCollect). */
export function bytesToFree(usage: DiskUsage, policy: CollectionPolicy): number {
  const { capacityBytes } = usage;
  const { enoughBytes = Infinity } = policy;
  const availableBytes = Math.min(usage.availableBytes, capacityBytes);
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
  if (usedPercent < policy.highThresholdPercent || availableBytes >= enoughBytes) return 0;
  const wanted = Math.floor((capacityBytes * (100 - policy.lowThresholdPercent)) / 100);
  return Math.max(0, Math.min(wanted, enoughBytes) - availableBytes);
}

/** The images that may go, in that order: those longest without use first, then those that came first. */
export function evictionOrder(records: ImageRecords, now: number, policy: CollectionPolicy): readonly StoredImage[] {
  return [...records.values()]
    .filter(({ image, lastUsed, firstSeen }) => !image.pinned && lastUsed < now && now - firstSeen >= policy.minAgeMs)
    .sort((a, b) => compare(a.lastUsed, b.lastUsed) || compare(a.firstSeen, b.firstSeen))
    .map(({ image }) => image);
}

/** Infinities have no difference that could be sorted by. */
const compare = (a: number, b: number): number => Number(a > b) - Number(a < b);
