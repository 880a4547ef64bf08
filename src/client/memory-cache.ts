import { assert, type Log } from "#base";
import { keyOf, type KubeObject, type ResourceType } from "#objects";
import {
  BUILT_IN_INDEXES,
  orphanLabelKey,
  type Cache,
  type CacheWriter,
  type Change,
  type IndexFunction,
  type Listener,
} from "./cache.ts";
import { createIndex, type Index } from "./object-index.ts";
import { revisionOf } from "./resource-version.ts";
import { createRevisionGate } from "./revision-gate.ts";

const controllerOf = (object: KubeObject) =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true);

const builtIn: Readonly<Record<string, IndexFunction<KubeObject>>> = {
  [BUILT_IN_INDEXES.namespace]: (object) => object.metadata.namespace ?? "",
  [BUILT_IN_INDEXES.controller]: (object) => controllerOf(object)?.uid,
  [BUILT_IN_INDEXES.owner]: (object) => object.metadata.ownerReferences?.map((reference) => reference.uid),
  [BUILT_IN_INDEXES.orphan]: (object) => (controllerOf(object) ? undefined : (object.metadata.namespace ?? "")),
  [BUILT_IN_INDEXES.orphanLabel]: (object) => {
    const { labels, namespace = "" } = object.metadata;
    if (!labels || controllerOf(object)) return undefined;
    return Object.entries(labels).map(([label, value]) => orphanLabelKey(namespace, label, value));
  },
};

/** Makes an empty cache: the half to read from and the half to write to. */
export function createMemoryCache<T extends KubeObject>(
  type: ResourceType<T>,
  log: Log,
): { readonly reader: Cache<T>; readonly writer: CacheWriter<T> } {
  const objects = new Map<string, T>();
  const indexes = new Map<string, Index<T>>();
  for (const [name, fn] of Object.entries(builtIn)) indexes.set(name, createIndex<T>(fn));
  // Replaced on every change of membership, so that a listener may leave while changes are handed out.
  let listeners: readonly Listener<T>[] = [];
  const gate = createRevisionGate();
  const listed = Promise.withResolvers<void>();
  listed.promise.catch(() => {});
  let synced = false;

  const indexNamed = (name: string): Index<T> => {
    const index = indexes.get(name);
    assert(index, `cache of ${type.resource} has no index ${name}`);
    return index;
  };

  const announce = (change: Change<T>) => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        log.error("a cache listener failed", { resource: type.resource, error });
      }
    }
  };

  const drop = (key: string, known: T, final: T) => {
    objects.delete(key);
    for (const index of indexes.values()) index.remove(key, known);
    announce({ type: "deleted", object: final });
  };

  const reader: Cache<T> = {
    type,
    get synced() {
      return synced;
    },
    whenSynced: () => listed.promise,
    get revision() {
      return gate.revision;
    },
    hasSeen: (version) => gate.revision >= toRevision(version),
    whenSeen: (version) => gate.reached(toRevision(version)),
    get: (key) => objects.get(key),
    has: (key) => objects.has(key),
    get size() {
      return objects.size;
    },
    list: () => objects.values(),
    index: (name, value) => indexNamed(name).get(value),
    count: (name, value) => indexNamed(name).count(value),
    indexValues: (name) => indexNamed(name).values(),
    addIndex(name, fn) {
      if (indexes.has(name)) return;
      const index = createIndex(fn);
      for (const [key, object] of objects) index.update(key, undefined, object);
      indexes.set(name, index);
    },
    subscribe(listener, options) {
      if (options?.replay !== false) for (const object of objects.values()) listener({ type: "added", object });
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
  };

  const writer: CacheWriter<T> = {
    put(object) {
      const key = keyOf(object);
      const previous = objects.get(key);
      if (previous) {
        const { metadata } = previous;
        if (metadata.resourceVersion === object.metadata.resourceVersion && metadata.uid === object.metadata.uid) {
          return;
        }
        // Deleted and made again while nobody watched: two changes, so that no listener takes one object for the other.
        if (metadata.uid !== object.metadata.uid) drop(key, previous, previous);
      }
      const known = objects.get(key);
      objects.set(key, object);
      for (const index of indexes.values()) index.update(key, known, object);
      announce(known ? { type: "modified", object, previous: known } : { type: "added", object });
    },
    remove(object) {
      const key = keyOf(object);
      const known = objects.get(key);
      if (known) drop(key, known, object);
    },
    retain(keys) {
      for (const [key, object] of objects) if (!keys.has(key)) drop(key, object, object);
    },
    advance: (version) => gate.advance(revisionOf(version)),
    markListed(version) {
      synced = true;
      gate.reset(revisionOf(version));
      listed.resolve();
    },
    close() {
      const reason = new Error(`the cache of ${type.resource} is closed`);
      listeners = [];
      gate.close(reason);
      listed.reject(reason);
    },
  };
  return { reader, writer };
}

const toRevision = (version: string | number): number => (typeof version === "number" ? version : revisionOf(version));
