import type { Log } from "#base";
import { keyOf, type KubeObject, type ResourceType } from "#objects";
import type { Cache, CacheWriter } from "./cache.ts";
import { deleted, IndexedObjects } from "./indexed-objects.ts";
import { Listeners } from "./listeners.ts";
import { revisionOf } from "./resource-version.ts";
import { createRevisionGate, type RevisionGate } from "./revision-gate.ts";

/** What the two halves of a cache share. */
interface CacheState<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly objects: IndexedObjects<T>;
  readonly listeners: Listeners<T>;
  readonly gate: RevisionGate;
  /** Resolves with the first list, which sets `synced`. */
  readonly listed: PromiseWithResolvers<void>;
  synced: boolean;
}

/** Makes an empty cache: the half to read from and the half to write to. */
export function createMemoryCache<T extends KubeObject>(
  type: ResourceType<T>,
  log: Log,
): { readonly reader: Cache<T>; readonly writer: CacheWriter<T> } {
  const state: CacheState<T> = {
    type,
    objects: new IndexedObjects(type),
    listeners: new Listeners(type.resource, log),
    gate: createRevisionGate(),
    listed: Promise.withResolvers(),
    synced: false,
  };
  state.listed.promise.catch(() => {});
  return { reader: readerOf(state), writer: writerOf(state) };
}

function readerOf<T extends KubeObject>(state: CacheState<T>): Cache<T> {
  const { type, objects, listeners, gate, listed } = state;
  return {
    type,
    get synced() {
      return state.synced;
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
    index: (name, value) => objects.index(name).get(value),
    count: (name, value) => objects.index(name).count(value),
    indexValues: (name) => objects.index(name).values(),
    addIndex: (name, fn) => void objects.addIndex(name, fn),
    subscribe(listener, options) {
      if (options?.replay !== false) for (const object of objects.values()) listener({ type: "added", object });
      return listeners.add(listener);
    },
  };
}

function writerOf<T extends KubeObject>(state: CacheState<T>): CacheWriter<T> {
  const { type, objects, listeners, gate, listed } = state;
  return {
    put(object) {
      for (const change of objects.put(keyOf(object), object)) listeners.announce(change);
    },
    remove(object) {
      if (objects.delete(keyOf(object))) listeners.announce(deleted(object));
    },
    *replace(list, version) {
      yield* listeners.announceAll(objects.replace(list));
      state.synced = true;
      gate.reset(revisionOf(version));
      listed.resolve();
    },
    advance: (version) => gate.advance(revisionOf(version)),
    close() {
      const reason = new Error(`the cache of ${type.resource} is closed`);
      listeners.clear();
      gate.close(reason);
      listed.reject(reason);
    },
  };
}

const toRevision = (version: string | number): number => (typeof version === "number" ? version : revisionOf(version));
