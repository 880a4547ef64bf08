import type { Cache, Change, SharedCaches } from "#client";
import { groupVersion, keyOf, type KubeObject, type OwnerReference, type ResourceType } from "#objects";

/** The keys that a change wakes. */
export type KeysOf<T extends KubeObject> = (
  change: Change<T>,
  caches: SharedCaches,
) => Iterable<string> | string | undefined;

/** A declared input of a controller. */
export interface Watch {
  readonly type: ResourceType;
  /** The keys of the controller are those of this kind. */
  readonly isOwn: boolean;
  /** Starts (or shares) the cache. */
  cache(caches: SharedCaches): Cache;
  /** Hands the keys of every change to `wake` until stopped. */
  subscribe(caches: SharedCaches, wake: (key: string) => void): () => void;
}

/** Watches a kind; without `keys` it is only read. */
export function watch<T extends KubeObject>(type: ResourceType<T>, keys?: KeysOf<T>): Watch {
  return {
    type,
    isOwn: keys === itself,
    cache: (caches) => caches.of(type),
    subscribe(caches, wake) {
      if (!keys) return () => {};
      return caches.of(type).subscribe((change) => {
        const woken = keys(change, caches);
        if (typeof woken === "string") wake(woken);
        else if (woken) for (const key of woken) wake(key);
      });
    },
  };
}

/** Wakes the key of the changed object itself. */
export function itself<T extends KubeObject>(change: Change<T>): string {
  return keyOf(change.object);
}

/** The owner reference that is the controller, if there is one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether the reference is to an object of this kind. The version may differ, it names the same objects. */
export function refersTo(reference: OwnerReference, type: ResourceType): boolean {
  if (reference.kind !== type.kind) return false;
  const slash = reference.apiVersion.indexOf("/");
  return (slash < 0 ? "" : reference.apiVersion.slice(0, slash)) === type.group;
}

/** Wakes the controlling owner of the changed object, and the one it had before the change. */
export function owner<T extends KubeObject>(type: ResourceType): KeysOf<T> {
  return (change) => {
    const now = ownerKey(change.object, type);
    const before = change.previous && ownerKey(change.previous, type);
    return [now, before].filter((key) => key !== undefined);
  };
}

/** The key of the controlling owner when it is of this kind. */
export function ownerKey(object: KubeObject, type: ResourceType): string | undefined {
  const reference = controllerOf(object);
  if (!reference || !refersTo(reference, type)) return undefined;
  return keyOf({ namespace: type.namespaced ? (object.metadata.namespace ?? "") : "", name: reference.name });
}

/** A reference to a controlling owner, as controllers set it on what they make. */
export function controllerReference(type: ResourceType, object: KubeObject): OwnerReference {
  return {
    apiVersion: groupVersion(type),
    kind: type.kind,
    name: object.metadata.name ?? "",
    uid: object.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}
