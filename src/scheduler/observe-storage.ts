import type { Change, SharedCaches } from "#client";
import {
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  keyOf,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  type KubeObject,
  type PersistentVolume,
  type ResourceType,
} from "#objects";
import type { ClusterEvent } from "./queue/cluster-event.ts";
import { waitKeys } from "./volumes/bind-volumes.ts";
import type { Storage } from "./volumes/storage.ts";
import type { Waiters } from "./volumes/waiters.ts";

/** The kinds that say what storage there is. */
export const STORAGE_KINDS: readonly ResourceType[] = [
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  CSI_NODES,
  CSI_DRIVERS,
  CSI_STORAGE_CAPACITIES,
  VOLUME_ATTACHMENTS,
];

export interface StorageObservation {
  readonly caches: SharedCaches;
  readonly storage: Storage;
  readonly waiters: Waiters;
  readonly notify: (event: ClusterEvent) => void;
}

/** Follows the storage of the cluster, which the caches know already. Returns how to stop. */
export function observeStorage({ caches, storage, waiters, notify }: StorageObservation): () => void {
  const stops: (() => void)[] = [];
  const follow = <T extends KubeObject>(type: ResourceType<T>, listener: (change: Change<T>) => void) => {
    stops.push(caches.of(type).subscribe(listener, { replay: false }));
  };
  for (const { metadata } of caches.of(PERSISTENT_VOLUMES).list()) storage.volumeChanged(metadata.name ?? "");
  follow(PERSISTENT_VOLUMES, ({ type, object, previous }) => {
    storage.volumeChanged(object.metadata.name ?? "");
    for (const key of new Set([...claimOf(object), ...claimOf(previous)])) waiters.changed(waitKeys.claim(key));
    if (type !== "deleted") notify({ type: "volume-changed", volume: object, previous });
  });
  follow(PERSISTENT_VOLUME_CLAIMS, ({ type, object }) => {
    waiters.changed(waitKeys.claim(keyOf(object)));
    if (type !== "deleted") notify({ type: "claim-changed", claim: object });
  });
  follow(STORAGE_CLASSES, ({ type, object, previous }) => {
    if (type !== "deleted") notify({ type: "storage-class-changed", storageClass: object, previous });
  });
  follow(CSI_NODES, ({ type, object, previous }) => {
    const node = type === "deleted" ? undefined : object;
    notify({ type: "csi-node-changed", node, previous: type === "deleted" ? object : previous });
  });
  follow(CSI_DRIVERS, ({ type, object, previous }) => {
    const driver = type === "deleted" ? undefined : object;
    notify({ type: "csi-driver-changed", driver, previous: type === "deleted" ? object : previous });
  });
  follow(CSI_STORAGE_CAPACITIES, ({ type, object, previous }) => {
    if (type !== "deleted") notify({ type: "storage-capacity-changed", capacity: object, previous });
  });
  follow(VOLUME_ATTACHMENTS, ({ type }) => {
    if (type === "deleted") notify({ type: "volume-detached" });
  });
  follow(PODS, ({ type, object }) => {
    if (type === "deleted") waiters.changed(waitKeys.pod(keyOf(object)));
  });
  follow(NODES, ({ type, object }) => {
    if (type === "deleted") waiters.changed(waitKeys.node(object.metadata.name ?? ""));
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function claimOf(volume: PersistentVolume | undefined): readonly string[] {
  const ref = volume?.spec?.claimRef;
  return ref ? [`${ref.namespace}/${ref.name}`] : [];
}
