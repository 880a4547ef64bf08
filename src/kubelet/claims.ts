import { claimsOfPod, type PersistentVolume, type PersistentVolumeClaim, type Pod, type Volume } from "#objects";
import type { PodSources } from "./sources.ts";

/** A volume of a pod with what it comes to: for a claim, the PersistentVolume behind it. */
export interface VolumeSpec {
  readonly volume: Volume;
  /** What messages and directories call it: the PersistentVolume's name, or that of the volume in the pod. */
  readonly name: string;
  /** The pod does not write to it, whatever the mounts of its containers say. */
  readonly readOnly: boolean;
  /** `Block`: containers get it as a device. */
  readonly mode: "Filesystem" | "Block";
  /** Absent for volumes that are in the pod's spec as a whole. */
  readonly bound?: BoundVolume;
}

export interface BoundVolume {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}

/** It cannot be said yet what a volume of a pod is: its claim is not there, or not bound. */
export class ClaimError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ClaimError";
  }
}

const PROTECTION = "kubernetes.io/pvc-protection";

/**
 * What a volume of a pod comes to (upstream createVolumeSpec). Rejects with a {@link ClaimError} with upstream's text
 * when its claim does not lead to a volume that the pod's containers can use.
 */
export async function volumeSpecOf(pod: Pod, volume: Volume, sources: PodSources): Promise<VolumeSpec> {
  const [wanted] = claimsOfPod({ ...pod, spec: { containers: [], volumes: [volume] } });
  if (!wanted) return { volume, name: volume.name, readOnly: false, mode: "Filesystem" };
  const { namespace } = pod.metadata;
  const about = `error processing PVC ${namespace}/${wanted.name}`;
  const claim = await found(sources.claim(wanted.name), `${about}: failed to fetch PVC from API server`);
  const unusable = claimProblem(claim);
  if (unusable !== undefined) throw new ClaimError(`${about}: ${unusable}`);
  if (wanted.ephemeral && !isOwner(pod, claim)) {
    throw new ClaimError(
      `PVC ${namespace}/${wanted.name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  }
  const name = claim.spec?.volumeName ?? "";
  const persistent = await found(
    sources.persistentVolume(name),
    `${about}: failed to fetch PV ${name} from API server`,
  );
  const unbound = volumeProblem(persistent, claim);
  if (unbound !== undefined) throw new ClaimError(`${about}: ${unbound}`);
  const mode = persistent.spec?.volumeMode === "Block" ? "Block" : "Filesystem";
  const misused = modeProblem(pod, volume.name, mode);
  if (misused !== undefined) throw new ClaimError(misused);
  const readOnly = volume.persistentVolumeClaim?.readOnly ?? false;
  return { volume, name, readOnly, mode, bound: { claim, volume: persistent } };
}

async function found<T>(object: Promise<T>, complaint: string): Promise<T> {
  try {
    return await object;
  } catch (error) {
    throw new ClaimError(`${complaint}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Why the claim leads to no volume. */
function claimProblem({ metadata, spec, status }: PersistentVolumeClaim): string | undefined {
  // A protected claim stays as long as pods use it: one of them may be this one, known from before.
  if (metadata.deletionTimestamp !== undefined && !metadata.finalizers?.includes(PROTECTION)) {
    return "PVC is being deleted";
  }
  if (status?.phase !== "Bound") return "PVC is not bound";
  return spec?.volumeName ? undefined : "PVC has empty pvc.Spec.VolumeName";
}

/** Why the volume is not the claim's. */
function volumeProblem({ metadata, spec }: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const about = `found PV object ${metadata.name} but`;
  const { uid } = claim.metadata;
  if (!spec?.claimRef) {
    return `${about} it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`;
  }
  if (spec.claimRef.uid === uid) return undefined;
  return `${about} its pv.Spec.ClaimRef.UID ${spec.claimRef.uid ?? ""} does not point to claim.UID ${uid}`;
}

/** Why containers cannot use a volume of that mode as they want to. */
function modeProblem({ spec }: Pod, name: string, mode: VolumeSpec["mode"]): string | undefined {
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const use = mode === "Filesystem" ? "volumeDevices" : "volumeMounts";
  const misused = containers.some((container) => (container[use] ?? []).some((one) => one.name === name));
  return misused ? `volume ${name} has volumeMode ${mode}, but is specified in ${use}` : undefined;
}

const isOwner = (pod: Pod, { metadata }: PersistentVolumeClaim): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === pod.metadata.uid);
