import {
  compareQuantities,
  formatTime,
  parseQuantity,
  PROVISIONED_BY,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { LOCAL_PROVISIONER } from "../local-volumes/port.ts";

export interface ExpansionView {
  readonly claim: PersistentVolumeClaim;
  /** The one that it is bound to. */
  readonly volume: PersistentVolume | undefined;
}

/** For a volume that the cache does not show as bound. */
const LOOK_AGAIN_MS = 5_000;

type ClaimStatus = NonNullable<PersistentVolumeClaim["status"]>;

export type ExpansionStep =
  /** A driver's resizer does it. */
  | { readonly type: "tell-external"; readonly claim: PersistentVolumeClaim }
  | {
      readonly type: "begin";
      readonly claim: PersistentVolumeClaim;
      readonly status: ClaimStatus;
      readonly volume: string;
    }
  | { readonly type: "resize"; readonly volume: PersistentVolume; readonly storage: string }
  | { readonly type: "finish"; readonly claim: PersistentVolumeClaim; readonly storage: string };

const isLess = (a: string | undefined, b: string): boolean =>
  compareQuantities(parseQuantity(a ?? "0"), parseQuantity(b)) < 0;

/** Whether a bound claim asks for more than it has. */
export function wantsMore({ spec, status }: PersistentVolumeClaim): boolean {
  const wanted = spec?.resources?.requests?.["storage"];
  return status?.phase === "Bound" && wanted !== undefined && isLess(status.capacity?.["storage"], wanted);
}

/**
 * What becomes of a claim that asks for more than it has. The built-in provisioner's volumes have no size of their own, so
 * they grow at once, by the steps of upstream's external resizer; of others it is told that their driver does it.
 */
export function planExpansion({ claim, volume }: ExpansionView, now: number): Plan<ExpansionStep> {
  const wanted = claim.spec?.resources?.requests?.["storage"];
  if (!wantsMore(claim) || wanted === undefined) return { steps: [], because: "it has what it asks for" };
  if (!volume || volume.spec?.claimRef?.uid !== claim.metadata.uid) {
    return { steps: [], requeueAt: now + LOOK_AGAIN_MS, because: "its volume does not name it yet" };
  }
  if (volume.metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PROVISIONER) {
    return { steps: [{ type: "tell-external", claim }], because: "the driver of its volume has it grow" };
  }
  const { name = "" } = volume.metadata;
  return {
    steps: [
      { type: "begin", claim, status: resizing(claim.status ?? {}, wanted, now), volume: name },
      ...(isLess(volume.spec?.capacity?.["storage"], wanted)
        ? [{ type: "resize", volume, storage: wanted } as const]
        : []),
      { type: "finish", claim, storage: wanted },
    ],
    because: `${name} is to have ${wanted}`,
  };
}

function resizing(status: ClaimStatus, storage: string, now: number): ClaimStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== "Resizing");
  return {
    ...status,
    allocatedResources: { ...status.allocatedResources, storage },
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: "ControllerResizeInProgress" },
    conditions: [...others, { type: "Resizing", status: "True", lastTransitionTime: formatTime(now) }],
  };
}

/** The status once the volume has its new size. */
export function resized(status: ClaimStatus, storage: string): ClaimStatus {
  const { conditions = [], allocatedResourceStatuses = {}, ...others } = status;
  const left = conditions.filter(({ type }) => type !== "Resizing" && type !== "FileSystemResizePending");
  const { storage: _storage, ...statuses } = allocatedResourceStatuses;
  return {
    ...others,
    capacity: { ...status.capacity, storage },
    ...(left.length > 0 ? { conditions: left } : {}),
    ...(Object.keys(statuses).length > 0 ? { allocatedResourceStatuses: statuses } : {}),
  };
}
