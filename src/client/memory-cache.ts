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

/** Changes of a list announced between two turns of the event loop. */
const CHANGES_A_TURN = 1000;

/** Makes an empty cache: the half to read from and the half to write to. */
export function createMemoryCache<T extends KubeObject>(
  type: ResourceType<T>,
  log: Log,
): { readonly reader: Cache<T>; readonly writer: CacheWriter<T> } {
  const objects = new Map<string, T>();
  const indexes = new Map<string, Index<T>>();
  // Replaced on every change of membership, so that a listener may leave while changes are handed out.
  let listeners: readonly Listener<T>[] = [];
  const gate = createRevisionGate();
  const listed = Promise.withResolvers<void>();
  listed.promise.catch(() => {});
  let synced = false;

  const addIndex = (name: string, fn: IndexFunction<T>): Index<T> => {
    const index = createIndex(fn);
    for (const [key, object] of objects) index.update(key, undefined, object);
    indexes.set(name, index);
    return index;
  };

  const indexNamed = (name: string): Index<T> => {
    const index = indexes.get(name);
    if (index) return index;
    const fn = builtIn[name];
    assert(fn, `cache of ${type.resource} has no index ${name}`);
    // Made at the first look: most kinds are looked up by one or two of them.
    return addIndex(name, fn);
  };

  const announce = (change: Change<T>, to = listeners) => {
    for (const listener of to) {
      try {
        listener(change);
      } catch (error) {
        log.error("a cache listener failed", { resource: type.resource, error });
      }
    }
  };

  /** Takes an object in, and says what that changes. */
  const take = (key: string, object: T): Change<T>[] => {
    const known = objects.get(key);
    const sameUid = known?.metadata.uid === object.metadata.uid;
    if (known && sameUid && known.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    objects.set(key, object);
    for (const index of indexes.values()) index.update(key, known, object);
    if (!known) return [{ type: "added", object }];
    // Deleted and made again unseen: two changes, so that no listener takes one object for the other.
    if (!sameUid) return [gone(known), { type: "added", object }];
    return [{ type: "modified", object, previous: known }];
  };

  const drop = (key: string, known: T): void => {
    objects.delete(key);
    for (const index of indexes.values()) index.remove(key, known);
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
      if (!indexes.has(name)) addIndex(name, fn);
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
      for (const change of take(keyOf(object), object)) announce(change);
    },
    remove(object) {
      const key = keyOf(object);
      const known = objects.get(key);
      if (!known) return;
      drop(key, known);
      announce(gone(object));
    },
    *replace(list, version) {
      const changes: Change<T>[] = [];
      const keys = new Set<string>();
      for (const object of list) {
        const key = keyOf(object);
        keys.add(key);
        changes.push(...take(key, object));
      }
      for (const [key, known] of objects) {
        if (keys.has(key)) continue;
        drop(key, known);
        changes.push(gone(known));
      }
      // A listener that subscribes from now on is told of what is there, which is more than of these changes.
      const before = listeners;
      const told = new Set(before);
      for (const [at, change] of changes.entries()) {
        if (at > 0 && at % CHANGES_A_TURN === 0) yield;
        announce(change, listeners === before ? before : listeners.filter((listener) => told.has(listener)));
      }
      synced = true;
      gate.reset(revisionOf(version));
      listed.resolve();
    },
    advance: (version) => gate.advance(revisionOf(version)),
    close() {
      const reason = new Error(`the cache of ${type.resource} is closed`);
      listeners = [];
      gate.close(reason);
      listed.reject(reason);
    },
  };
  return { reader, writer };
}

const gone = <T extends KubeObject>(object: T): Change<T> => ({ type: "deleted", object });

const toRevision = (version: string | number): number => (typeof version === "number" ? version : revisionOf(version));
