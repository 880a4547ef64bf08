import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  equalJson,
  isBoundTo,
  STORAGE_PROVISIONER,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import type { ClaimPhase, VolumePhase } from "./steps.ts";

/** Of a volume whose file system is still to grow: its capacity before. */
const PRE_RESIZE_CAPACITY = "volume.alpha.kubernetes.io/pre-resize-capacity";

const withAnnotations = <T extends PersistentVolume | PersistentVolumeClaim>(
  object: T,
  annotations: Readonly<Record<string, string>>,
): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
});

/** Whether the volume names exactly this claim. */
export function isReserved({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = spec?.claimRef;
  return ref?.name === metadata.name && ref?.namespace === metadata.namespace && ref?.uid === metadata.uid;
}

/** The volume as it names the claim (upstream GetBindVolumeToClaim). */
export function reservedVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = claim.metadata;
  const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion };
  const reserved = { ...volume, spec: { ...volume.spec, claimRef } };
  // Where the user has reserved it, the reservation outlives the claim.
  return isBoundTo(volume, claim) ? reserved : withAnnotations(reserved, { [BOUND_BY_CONTROLLER]: "yes" });
}

/** The volume without its claim; one that the user has reserved stays so. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { metadata, spec } = volume;
  const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = metadata.annotations ?? {};
  if (byController === undefined) {
    const { uid: _uid, ...claimRef } = spec?.claimRef ?? {};
    return { ...volume, spec: { ...spec, claimRef } };
  }
  const { claimRef: _claimRef, ...free } = spec ?? {};
  const { annotations: _annotations, ...rest } = metadata;
  const kept = Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
  return { ...volume, metadata: kept, spec: free };
}

export function volumeInPhase(volume: PersistentVolume, phase: VolumePhase, message: string): PersistentVolume {
  const { message: _message, ...status } = volume.status ?? {};
  return { ...volume, status: { ...status, phase, ...(message === "" ? {} : { message }) } };
}

/** Whether the claim names the volume for good. */
export const isComplete = ({ metadata, spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  spec?.volumeName === volume.metadata.name && metadata.annotations?.[BIND_COMPLETED] !== undefined;

export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { name: volumeName = "" } = volume.metadata;
  const chosen = claim.spec?.volumeName !== volumeName;
  return withAnnotations(
    { ...claim, spec: { ...claim.spec, volumeName } },
    { [BIND_COMPLETED]: "yes", ...(chosen ? { [BOUND_BY_CONTROLLER]: "yes" } : {}) },
  );
}

/** The claim with the status that goes with its phase; itself when it has it already (upstream updateClaimStatus). */
export function claimInPhase(
  claim: PersistentVolumeClaim,
  phase: ClaimPhase,
  volume?: PersistentVolume,
): PersistentVolumeClaim {
  const before = claim.status ?? {};
  const { accessModes: _modes, capacity, currentVolumeAttributesClassName: attributes, ...others } = before;
  const status = !volume
    ? { ...others, phase }
    : {
        ...others,
        phase,
        ...(volume.spec?.accessModes ? { accessModes: volume.spec.accessModes } : {}),
        ...given("capacity", before.phase === phase ? capacity : capacityOf(volume)),
        ...given(
          "currentVolumeAttributesClassName",
          before.phase === "Pending" && phase === "Bound" ? volume.spec?.volumeAttributesClassName : attributes,
        ),
      };
  return equalJson(status, before) ? claim : { ...claim, status };
}

const given = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

function capacityOf({ metadata, spec }: PersistentVolume): Readonly<Record<string, string>> | undefined {
  const before = metadata.annotations?.[PRE_RESIZE_CAPACITY];
  return before === undefined ? spec?.capacity : { ...spec?.capacity, storage: before };
}

export const claimOfClass = (claim: PersistentVolumeClaim, className: string): PersistentVolumeClaim => ({
  ...claim,
  spec: { ...claim.spec, storageClassName: className },
});

export const claimForProvisioner = (claim: PersistentVolumeClaim, provisioner: string): PersistentVolumeClaim =>
  withAnnotations(claim, { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner });
