import { assert } from "#base";
import { keyOf, type KubeObject, type ResourceType } from "#objects";
import { BUILT_IN_INDEXES, orphanLabelKey, type Change, type IndexFunction } from "./cache.ts";
import { createIndex, type Index } from "./object-index.ts";

const controllerOf = (object: KubeObject) =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true);

const BUILT_IN: Readonly<Record<string, IndexFunction<KubeObject>>> = {
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

/** The objects of a cache by their keys, and the indexes over them: what it holds, and no more. */
export class IndexedObjects<T extends KubeObject> {
  readonly #type: ResourceType<T>;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor(type: ResourceType<T>) {
    this.#type = type;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  has(key: string): boolean {
    return this.#objects.has(key);
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  /** An index that was added, or a built-in one: that is made at the first look, as most kinds need one or two. */
  index(name: string): Index<T> {
    const index = this.#indexes.get(name);
    if (index) return index;
    const fn = BUILT_IN[name];
    assert(fn, `cache of ${this.#type.resource} has no index ${name}`);
    return this.addIndex(name, fn);
  }

  /** Does nothing where there is an index of this name. */
  addIndex(name: string, fn: IndexFunction<T>): Index<T> {
    const known = this.#indexes.get(name);
    if (known) return known;
    const index = createIndex(fn);
    for (const [key, object] of this.#objects) index.update(key, undefined, object);
    this.#indexes.set(name, index);
    return index;
  }

  /** Takes an object in, and says what that changes: nothing where it is known in this version. */
  put(key: string, object: T): readonly Change<T>[] {
    const known = this.#objects.get(key);
    const sameUid = known?.metadata.uid === object.metadata.uid;
    if (known && sameUid && known.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) index.update(key, known, object);
    if (!known) return [{ type: "added", object }];
    // Deleted and made again unseen: two changes, so that no listener takes one object for the other.
    if (!sameUid) return [deleted(known), { type: "added", object }];
    return [{ type: "modified", object, previous: known }];
  }

  /** Whether there was an object of this key. */
  delete(key: string): boolean {
    const known = this.#objects.get(key);
    if (!known) return false;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) index.remove(key, known);
    return true;
  }

  /** Holds exactly these objects from now on, and says what that changes. */
  replace(objects: readonly T[]): readonly Change<T>[] {
    const changes: Change<T>[] = [];
    const keys = new Set<string>();
    for (const object of objects) {
      const key = keyOf(object);
      keys.add(key);
      changes.push(...this.put(key, object));
    }
    for (const [key, known] of this.#objects) {
      if (keys.has(key)) continue;
      this.delete(key);
      changes.push(deleted(known));
    }
    return changes;
  }
}

/** `object` is the final state. */
export const deleted = <T extends KubeObject>(object: T): Change<T> => ({ type: "deleted", object });
