import type { SharedCaches } from "#client";
import {
  BIND_COMPLETED,
  claimsOfPod,
  keyOf,
  matchingKey,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  storageClassNameOf,
  type ObjectReference,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from "#objects";
import type { KeysOf } from "../framework/index.ts";

/** Claims that have and name no volume, by what must be equal in a volume that they get. */
export const WAITING_CLAIMS = "waiting-claims";
/** The same, by their class; under {@link NO_CLASS} those that name none. */
const CLAIMS_OF_CLASS = "waiting-claims-of-class";
/** Claims by the volume that they name. */
const CLAIMS_OF_VOLUME = "claims-of-volume";
/** Volumes by the key of the claim in their claimRef. */
const VOLUMES_OF_CLAIM = "volumes-of-claim";
/** Pods by the keys of the claims that they need. */
export const PODS_OF_CLAIM = "pods-of-claim";

/** No class has this name. */
const NO_CLASS = "(none)";

const isWaiting = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  !spec?.volumeName && metadata.annotations?.[BIND_COMPLETED] === undefined;

/** The key of the claim that a volume's claimRef names. */
export const claimRefKey = ({ namespace = "", name = "" }: ObjectReference): string => keyOf({ namespace, name });

/** The binder's key for a claim, by the claim's own: `claim/shop/data`. */
export const claimKey = (key: string): string => `claim/${key}`;
const volumeKey = (name: string): string => `volume/${name}`;

export function addIndexes(caches: SharedCaches): void {
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  claims.addIndex(WAITING_CLAIMS, (claim) => (isWaiting(claim) ? matchingKey(claim) : undefined));
  claims.addIndex(CLAIMS_OF_CLASS, (claim) => (isWaiting(claim) ? (storageClassNameOf(claim) ?? NO_CLASS) : undefined));
  claims.addIndex(CLAIMS_OF_VOLUME, ({ spec }) => spec?.volumeName || undefined);
  caches.of(PERSISTENT_VOLUMES).addIndex(VOLUMES_OF_CLAIM, ({ spec }) => spec?.claimRef && claimRefKey(spec.claimRef));
  caches.of(PODS).addIndex(PODS_OF_CLAIM, claimKeysOfPod);
}

const claimKeysOfPod = (pod: Pod): string[] =>
  claimsOfPod(pod).map(({ name }) => `${pod.metadata.namespace ?? ""}/${name}`);

/** A volume that comes, goes or changes hands concerns the claims on both ends. */
export const keysOfVolume: KeysOf<PersistentVolume> = ({ type, object, previous }, caches) => {
  const { name = "" } = object.metadata;
  const keys = type === "deleted" ? [] : [volumeKey(name)];
  const [now, before] = [object.spec?.claimRef, previous?.spec?.claimRef];
  if (type === "modified" && now?.uid === before?.uid && now?.name === before?.name) return keys;
  for (const ref of [now, before]) if (ref) keys.push(claimKey(claimRefKey(ref)));
  for (const claim of caches.of(PERSISTENT_VOLUME_CLAIMS).index(CLAIMS_OF_VOLUME, name)) {
    keys.push(claimKey(keyOf(claim)));
  }
  return keys;
};

/** A claim that goes, or that gets a volume, concerns the volumes that name it. */
export const keysOfClaim: KeysOf<PersistentVolumeClaim> = ({ type, object, previous }, caches) => {
  const key = keyOf(object);
  const keys = [claimKey(key)];
  const { volumeName } = object.spec ?? {};
  if (type === "modified" && volumeName === previous.spec?.volumeName) return keys;
  if (type === "deleted" && volumeName) keys.push(volumeKey(volumeName));
  if (type === "added") return keys;
  for (const volume of caches.of(PERSISTENT_VOLUMES).index(VOLUMES_OF_CLAIM, key)) {
    keys.push(volumeKey(volume.metadata.name ?? ""));
  }
  return keys;
};

/** Claims wait for their class, and those without one for a default class. */
export const keysOfClass: KeysOf<StorageClass> = ({ object }, caches) => {
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  const waiting = [
    ...claims.index(CLAIMS_OF_CLASS, object.metadata.name ?? ""),
    ...claims.index(CLAIMS_OF_CLASS, NO_CLASS),
  ];
  return waiting.map((claim) => claimKey(keyOf(claim)));
};

/** Claims tell of pods that no node takes. */
export const keysOfPod: KeysOf<Pod> = ({ type, object, previous }, caches) => {
  if (type !== "modified" || object.spec?.nodeName || isRefused(previous) || !isRefused(object)) return undefined;
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  return claimKeysOfPod(object).flatMap((key) => {
    const claim = claims.get(key);
    return claim && isWaiting(claim) ? claimKey(key) : [];
  });
};

const isRefused = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === "PodScheduled" && status === "False") ?? false;
