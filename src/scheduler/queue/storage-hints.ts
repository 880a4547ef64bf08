import { jsonText, zonesOfVolume, type CSINode, type PersistentVolume } from "#objects";
import { podsConflict } from "../model/disks.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { volumeLimits } from "../plugins/volume-limits.ts";
import { volumeLimit } from "../volumes/pod-volumes.ts";
import type { Hint } from "./cluster-event.ts";

function usesClaim({ namespace, claims }: PodInfo, key: { readonly namespace?: string; readonly name?: string }) {
  return namespace === key.namespace && claims.some(({ name }) => name === key.name);
}

/** A volume that is reserved helps the pods of its claim, a free one all, once it is available. */
function isForPod(pod: PodInfo, { spec, status }: PersistentVolume): boolean {
  return spec?.claimRef ? usesClaim(pod, spec.claimRef) : status?.phase === "Available";
}

const sameJson = (a: unknown, b: unknown) => jsonText(a ?? null) === jsonText(b ?? null);

/** Which events can help pods that the volume plugins refused. */
export const storageHints: Readonly<Record<string, Hint>> = {
  VolumeBinding(pod, event) {
    switch (event.type) {
      case "claim-changed":
        return usesClaim(pod, event.claim.metadata);
      case "volume-changed":
        return isForPod(pod, event.volume);
      case "volumes-released":
      case "node-added":
        return true;
      case "node-changed":
        return event.relabelled;
      case "storage-class-changed":
        return !event.previous || !sameJson(event.storageClass.allowedTopologies, event.previous.allowedTopologies);
      case "csi-driver-changed":
        // Upstream does not listen for its end.
        return event.previous?.spec.storageCapacity === true && event.driver?.spec.storageCapacity !== true;
      case "storage-capacity-changed": {
        const limit = volumeLimit(event.capacity);
        return limit !== undefined && (!event.previous || limit > (volumeLimit(event.previous) ?? -1));
      }
      default:
        return false;
    }
  },
  VolumeZone(pod, event) {
    switch (event.type) {
      case "claim-changed":
        return usesClaim(pod, event.claim.metadata);
      case "volume-changed":
        return (
          isForPod(pod, event.volume) &&
          (!event.previous || !sameJson(zonesOfVolume(event.volume), zonesOfVolume(event.previous)))
        );
      case "node-added":
      case "storage-class-changed":
        return true;
      case "node-changed":
        return event.relabelled;
      default:
        return false;
    }
  },
  VolumeRestrictions(pod, event) {
    switch (event.type) {
      case "claim-changed":
        return usesClaim(pod, event.claim.metadata);
      case "pod-left":
        return (
          podsConflict(pod.disks, event.pod.pod) ||
          event.pod.claims.some(({ name }) => usesClaim(pod, { namespace: event.pod.namespace, name }))
        );
      case "node-added":
        return true;
      default:
        return false;
    }
  },
  NodeVolumeLimits(pod, event) {
    switch (event.type) {
      case "claim-changed":
        return usesClaim(pod, event.claim.metadata);
      case "volume-changed":
        return isForPod(pod, event.volume);
      case "pod-left":
        return event.pod.claims.length > 0;
      case "csi-node-changed":
        return allowsMore(event.node, event.previous);
      case "volume-detached":
      case "node-added":
        return true;
      default:
        return false;
    }
  },
};

/** Whether a limit is higher than before, or gone. A node that comes without any had none before. */
function allowsMore(node: CSINode | undefined, previous: CSINode | undefined): boolean {
  if (!previous) return true;
  const now = volumeLimits(node);
  return [...volumeLimits(previous)].some(([driver, limit]) => (now.get(driver) ?? Infinity) > limit);
}
