import type { BoundVolume } from "#kubelet";
import { parseQuantity, quantityValue, type PersistentVolumeClaim } from "#objects";

/** A size that the file system of a volume has yet to get: the volume itself has it. */
export interface Expansion {
  /** As the PersistentVolume has it: `2Gi`. */
  readonly storage: string;
  readonly bytes: number;
}

/** Undefined: the claim shows the size that its volume has. */
export function expansionOf({ claim, volume }: BoundVolume): Expansion | undefined {
  const storage = volume.spec?.capacity?.["storage"];
  const shown = claim.status?.capacity?.["storage"];
  if (storage === undefined || shown === undefined) return undefined;
  const bytes = quantityValue(parseQuantity(storage));
  return quantityValue(parseQuantity(shown)) < bytes ? { storage, bytes } : undefined;
}

type ClaimStatus = NonNullable<PersistentVolumeClaim["status"]>;

/** What is to change of the claim's status once the node has done its part (upstream MarkFSResizeFinished). */
export function resizedStatus({ status = {} }: PersistentVolumeClaim, storage: string) {
  const conditions = (status.conditions ?? []).filter(
    ({ type }) => type !== "FileSystemResizePending" && type !== "Resizing",
  );
  const { allocatedResourceStatuses }: ClaimStatus = status;
  return {
    capacity: { storage },
    conditions,
    ...(allocatedResourceStatuses?.["storage"] === undefined ? {} : { allocatedResourceStatuses: { storage: null } }),
  };
}
