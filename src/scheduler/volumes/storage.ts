import type { SharedCaches } from "#client";
import {
  BOUND_BY_CONTROLLER,
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  isBoundTo,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  SELECTED_NODE,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VolumePool,
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  type KubeObject,
  type MatchOptions,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  type VolumeAttachment,
} from "#objects";

/** What the plugins see of the cluster's storage. What was decided for other pods and is not written yet counts as done. */
export interface StorageView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** The volume that the claim would get on a node: the smallest that fits, none of those that are excluded. */
  match(claim: PersistentVolumeClaim, options: MatchOptions): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  driver(name: string): CSIDriver | undefined;
  /** What drivers say that they have left for volumes of a class. */
  capacitiesOf(storageClass: string): readonly CSIStorageCapacity[];
  csiNode(node: string): CSINode | undefined;
  attachmentsTo(node: string): readonly VolumeAttachment[];
}

/** A volume that is to be bound to a claim. */
export interface StaticBinding {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}

/** What has to happen to a pod's claims before it can be bound to a node. */
export interface VolumeDecisions {
  readonly bindings: readonly StaticBinding[];
  /** Claims that get a new volume, made for the node. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** One change that was decided. */
export interface Reserved<T extends KubeObject> {
  readonly claim: PersistentVolumeClaim;
  /** As the object is to become. */
  readonly object: T;
  /** What it is made from; absent: another pod with the same claim writes it, or it is written. */
  readonly base?: T;
}

/** Decisions that count from now on; they end with {@link Storage.release}. */
export interface VolumeReservation {
  readonly node: string;
  readonly volumes: readonly Reserved<PersistentVolume>[];
  readonly claims: readonly Reserved<PersistentVolumeClaim>[];
}

/** An object as it will be; it counts as long as the API shows `base`. */
interface Assumed<T> {
  readonly base: T;
  readonly object: T;
}

const CLASS_INDEX = "storage-class";
const NODE_INDEX = "attached-to";

/** The volume with a reference to the claim; the same object when it has that already (component-helpers GetBindVolumeToClaim). */
export function boundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const known = volume.spec?.claimRef;
  const isReserved = isBoundTo(volume, claim);
  if (isReserved && known?.uid === claim.metadata.uid) return volume;
  const { metadata, spec } = volume;
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const annotations = isReserved ? metadata.annotations : { ...metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" };
  const claimRef = {
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    namespace: namespace ?? "",
    name: name ?? "",
    uid: uid ?? "",
    resourceVersion: resourceVersion ?? "",
  };
  return { ...volume, metadata: { ...metadata, ...(annotations ? { annotations } : {}) }, spec: { ...spec, claimRef } };
}

function selected(claim: PersistentVolumeClaim, node: string): PersistentVolumeClaim {
  const { metadata } = claim;
  return { ...claim, metadata: { ...metadata, annotations: { ...metadata.annotations, [SELECTED_NODE]: node } } };
}

/** The cluster's storage: what the caches show, and the decisions that are under way (upstream's assume caches). */
export class Storage implements StorageView {
  readonly #caches: SharedCaches;
  readonly #pool = new VolumePool();
  /** By name. */
  readonly #assumedVolumes = new Map<string, Assumed<PersistentVolume>>();
  /** By `namespace/name`. */
  readonly #assumedClaims = new Map<string, Assumed<PersistentVolumeClaim>>();

  constructor(caches: SharedCaches) {
    this.#caches = caches;
    caches.of(CSI_STORAGE_CAPACITIES).addIndex(CLASS_INDEX, ({ storageClassName }) => storageClassName);
    caches.of(VOLUME_ATTACHMENTS).addIndex(NODE_INDEX, ({ spec }) => spec.nodeName);
  }

  /** Takes in that a volume is new, changed or gone: to be called with each change of the cache. */
  volumeChanged(name: string): void {
    const volume = this.volume(name);
    if (volume) this.#pool.put(volume);
    else this.#pool.remove(name);
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    return current(this.#assumedClaims, key, this.#caches.of(PERSISTENT_VOLUME_CLAIMS).get(key));
  }

  volume(name: string): PersistentVolume | undefined {
    return current(this.#assumedVolumes, name, this.#caches.of(PERSISTENT_VOLUMES).get(name));
  }

  match(claim: PersistentVolumeClaim, options: MatchOptions): PersistentVolume | undefined {
    return this.#pool.find(claim, options);
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#caches.of(STORAGE_CLASSES).get(name);
  }

  driver(name: string): CSIDriver | undefined {
    return this.#caches.of(CSI_DRIVERS).get(name);
  }

  capacitiesOf(storageClass: string): readonly CSIStorageCapacity[] {
    return this.#caches.of(CSI_STORAGE_CAPACITIES).index(CLASS_INDEX, storageClass);
  }

  csiNode(node: string): CSINode | undefined {
    return this.#caches.of(CSI_NODES).get(node);
  }

  attachmentsTo(node: string): readonly VolumeAttachment[] {
    return this.#caches.of(VOLUME_ATTACHMENTS).index(NODE_INDEX, node);
  }

  /** Takes the decisions as done. */
  reserve({ bindings, provisions }: VolumeDecisions, node: string): VolumeReservation {
    const volumes = bindings.map(({ claim, volume }): Reserved<PersistentVolume> => {
      const object = boundTo(volume, claim);
      if (object === volume) return { claim, object };
      this.#assumedVolumes.set(nameOf(volume), { base: volume, object });
      this.#pool.put(object);
      return { claim, object, base: volume };
    });
    const claims = provisions.map((claim): Reserved<PersistentVolumeClaim> => {
      if (claim.metadata.annotations?.[SELECTED_NODE] === node) return { claim, object: claim };
      const object = selected(claim, node);
      this.#assumedClaims.set(keyOf(claim), { base: claim, object });
      return { claim, object, base: claim };
    });
    return { node, volumes, claims };
  }

  /** What the API shows counts again. */
  release({ volumes, claims }: VolumeReservation): void {
    for (const { object, base } of volumes) {
      const name = nameOf(object);
      if (!base || this.#assumedVolumes.get(name)?.base !== base) continue;
      this.#assumedVolumes.delete(name);
      this.volumeChanged(name);
    }
    for (const { object, base } of claims) {
      const key = keyOf(object);
      if (base && this.#assumedClaims.get(key)?.base === base) this.#assumedClaims.delete(key);
    }
  }
}

const nameOf = ({ metadata }: PersistentVolume): string => metadata.name ?? "";

/** The object as it was assumed to become, unless the API has shown another state since then. */
function current<T extends KubeObject>(
  assumed: Map<string, Assumed<T>>,
  key: string,
  shown: T | undefined,
): T | undefined {
  const one = assumed.get(key);
  if (!one) return shown;
  if (shown === one.base) return one.object;
  assumed.delete(key);
  return shown;
}
