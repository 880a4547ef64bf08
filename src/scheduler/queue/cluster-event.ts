import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from "#objects";
import type { NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";

/** Something happened that may let a pod be scheduled that could not be before. */
export type ClusterEvent =
  | { readonly type: "node-added"; readonly node: NodeInfo }
  | {
      readonly type: "node-changed";
      readonly node: NodeInfo;
      /** It has more of something to give. */
      readonly grew: boolean;
      readonly relabelled: boolean;
      /** Its taints, or that it is cordoned. */
      readonly retainted: boolean;
    }
  | { readonly type: "node-removed" }
  /** A pod came to a node. */
  | { readonly type: "pod-placed"; readonly pod: PodInfo }
  /** A pod left its node, or asks for less of it. */
  | { readonly type: "pod-left"; readonly pod: PodInfo }
  /** A pod on a node has other labels, or is being deleted now. */
  | { readonly type: "pod-relabelled"; readonly before: PodInfo; readonly pod: PodInfo }
  | { readonly type: "namespace-changed" }
  | StorageEvent;

export type Hint = (pod: PodInfo, event: ClusterEvent, of: NamespaceLabels) => boolean;

/** What happened to the cluster's storage. Without `previous` an object is new; without the object, it is gone. */
export type StorageEvent =
  | { readonly type: "claim-changed"; readonly claim: PersistentVolumeClaim }
  | {
      readonly type: "volume-changed";
      readonly volume: PersistentVolume;
      readonly previous: PersistentVolume | undefined;
    }
  /** Volumes that were kept for a pod are not any more. */
  | { readonly type: "volumes-released" }
  | {
      readonly type: "storage-class-changed";
      readonly storageClass: StorageClass;
      readonly previous: StorageClass | undefined;
    }
  | { readonly type: "csi-node-changed"; readonly node: CSINode | undefined; readonly previous: CSINode | undefined }
  | {
      readonly type: "csi-driver-changed";
      readonly driver: CSIDriver | undefined;
      readonly previous: CSIDriver | undefined;
    }
  | {
      readonly type: "storage-capacity-changed";
      readonly capacity: CSIStorageCapacity;
      readonly previous: CSIStorageCapacity | undefined;
    }
  | { readonly type: "volume-detached" };

const TYPES: Readonly<Record<StorageEvent["type"], true>> = {
  "claim-changed": true,
  "volume-changed": true,
  "volumes-released": true,
  "storage-class-changed": true,
  "csi-node-changed": true,
  "csi-driver-changed": true,
  "storage-capacity-changed": true,
  "volume-detached": true,
};

export const isStorageEvent = (event: ClusterEvent): event is StorageEvent => Object.hasOwn(TYPES, event.type);
