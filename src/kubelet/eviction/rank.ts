import { podRequests } from "#objects";
import { diskOf, memoryOf, type Candidate, type DiskParts, type PodConsumption } from "./consumption.ts";
import type { Shortage } from "../node/shortage.ts";

/** Which parts of pods' disk usage are on the disk that is short. */
function partsOf({ disk }: Shortage, imagesApart: boolean): DiskParts {
  if (!imagesApart) return { rootfs: true, own: true };
  return disk === "images" ? { rootfs: true, own: false } : { rootfs: false, own: true };
}

/** How much a pod uses of what is short; `pids` are not counted by pod. */
function usedOf(used: PodConsumption, shortage: Shortage, imagesApart: boolean): number {
  switch (shortage.resource) {
    case "memory":
      return memoryOf(used);
    case "ephemeral-storage":
      return diskOf(used, partsOf(shortage, imagesApart)).bytes;
    case "inodes":
      return diskOf(used, partsOf(shortage, imagesApart)).inodes;
    case "pids":
      return 0;
  }
}

/**
 * The order in which pods go when something is short (upstream rankMemoryPressure, rankDiskPressure, rankPIDPressure):
 * those of which nothing is known, those that use more than they have asked for, those of the lower priority, those
 * that are further above what they have asked for. `imagesApart`: images have a disk of their own.
 */
export function evictionRank(
  candidates: readonly Candidate[],
  shortage: Shortage,
  imagesApart: boolean,
): readonly Candidate[] {
  const keyed = candidates.map((candidate) => {
    const { pod, used } = candidate;
    const requested = podRequests(pod)[shortage.resource] ?? 0;
    const above = used ? usedOf(used, shortage, imagesApart) - requested : Infinity;
    const exceeds = shortage.resource !== "pids" && above > 0;
    return { candidate, keys: [used ? 1 : 0, exceeds ? 0 : 1, pod.spec?.priority ?? 0, -above] as const };
  });
  return keyed
    .toSorted((a, b) => {
      for (const [i, key] of a.keys.entries()) {
        if (key !== b.keys[i]) return key < b.keys[i]! ? -1 : 1;
      }
      return 0;
    })
    .map(({ candidate }) => candidate);
}
