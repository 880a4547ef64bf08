import { claimsOfPod, type KubeObject, type PersistentVolume, type PersistentVolumeClaim, type Pod } from "#objects";
import { controllerOf, type Plan } from "../framework/index.ts";

export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";

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
