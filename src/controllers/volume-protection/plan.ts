import {
  claimsOfPod,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type VolumeAttributesClass,
} from "#objects";
import { controllerOf, type Plan } from "../framework/index.ts";

export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
export const CLASS_PROTECTION = "kubernetes.io/vac-protection";

/** Replaces the object's finalizers. */
export interface ProtectionStep<T extends KubeObject> {
  readonly type: "protect" | "release";
  readonly object: T;
  readonly finalizers: readonly string[];
}

/** Whether the finalizer is to be added, or the object waits for it to be taken away. */
export function isUnsettled(
  { metadata: { deletionTimestamp, finalizers = [] } }: KubeObject,
  finalizer: string,
): boolean {
  return finalizers.includes(finalizer) === (deletionTimestamp !== undefined);
}

/** Whether the object is being deleted and has the finalizer. */
export const isHeld = ({ metadata }: KubeObject, finalizer: string): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;

function protectionStep<T extends KubeObject>(object: T, finalizer: string): ProtectionStep<T> {
  const { finalizers = [] } = object.metadata;
  return isHeld(object, finalizer)
    ? { type: "release", object, finalizers: finalizers.filter((name) => name !== finalizer) }
    : { type: "protect", object, finalizers: [...finalizers, finalizer] };
}

export interface ClaimsView {
  /** The claims of one namespace that lack the finalizer or wait for it to be taken away. */
  readonly claims: readonly PersistentVolumeClaim[];
  /** The pods of the namespace. */
  readonly pods: readonly Pod[];
}

/** Claims are protected until no pod on a node uses them (upstream pvcprotection). */
export function planClaims({ claims, pods }: ClaimsView): Plan<ProtectionStep<PersistentVolumeClaim>> {
  const free = claims.filter((claim) => !isHeld(claim, CLAIM_PROTECTION) || !pods.some((pod) => usesClaim(pod, claim)));
  return {
    steps: free.map((claim) => protectionStep(claim, CLAIM_PROTECTION)),
    because: `${claims.length - free.length} of ${claims.length} claims are in use by pods`,
  };
}

/** A volume is protected until it is bound to no claim (upstream pvprotection). */
export function planVolume(volume: PersistentVolume): Plan<ProtectionStep<PersistentVolume>> {
  if (!isUnsettled(volume, VOLUME_PROTECTION)) return { steps: [], because: "its finalizer is as it should be" };
  if (isHeld(volume, VOLUME_PROTECTION) && volume.status?.phase === "Bound") {
    return { steps: [], because: "it is bound" };
  }
  return { steps: [protectionStep(volume, VOLUME_PROTECTION)], because: "it is not bound, or not protected yet" };
}

export interface ClassView {
  readonly attributesClass: VolumeAttributesClass;
  /** How many claims and volumes name it. */
  readonly users: number;
}

/** A class of volume attributes is protected while a claim or a volume names it (upstream vacprotection). */
export function planClass({ attributesClass, users }: ClassView): Plan<ProtectionStep<VolumeAttributesClass>> {
  if (!isUnsettled(attributesClass, CLASS_PROTECTION)) {
    return { steps: [], because: "its finalizer is as it should be" };
  }
  const because = `${users} claims and volumes name it`;
  if (isHeld(attributesClass, CLASS_PROTECTION) && users > 0) return { steps: [], because };
  return { steps: [protectionStep(attributesClass, CLASS_PROTECTION)], because };
}

/** The classes of attributes that a claim has, wants or is on its way to. */
export function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.flatMap((name) => name || []))];
}

/** Only a pod on a node uses its claims: no kubelet starts one whose claim is being deleted. */
function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  const { name } = claim.metadata;
  if (!pod.spec?.nodeName) return false;
  return claimsOfPod(pod).some((needed) => {
    if (needed.name !== name) return false;
    return !needed.ephemeral || (!isShutDown(pod) && controllerOf(claim)?.uid === pod.metadata.uid);
  });
}

/** The kubelet is done with the pod, or it was deleted by force. Its claim may wait for nothing that waits for the claim. */
export const isShutDown = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
