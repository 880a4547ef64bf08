import type { KubeObject, ResourceType } from "#objects";

/** One change of a cache. `object` is the new state, or for `deleted` the final one. */
export type Change<T extends KubeObject> =
  | { readonly type: "added"; readonly object: T; readonly previous?: undefined }
  | { readonly type: "modified"; readonly object: T; readonly previous: T }
  | { readonly type: "deleted"; readonly object: T; readonly previous?: undefined };

/** Called with every change, in order, after the cache shows it. */
export type Listener<T extends KubeObject> = (change: Change<T>) => void;

/** The values that an object is filed under in an index: none, one or several. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[] | string | undefined;

/**
 * The reader's half of a cache of the objects of one kind (or a selection of them), kept by a watch and shared
 * by the whole process. What it hands out is frozen and shared. Nothing here takes time that grows with
 * the number of objects, except {@link list} and what an index lookup finds.
 */
export interface Cache<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  /** Whether the first list has arrived. */
  readonly synced: boolean;
  /** Resolves when the first list has arrived; rejects when the cache is closed before. */
  whenSynced(): Promise<void>;
  /** The newest revision of the API that is known to be reflected, 0 before the first list. */
  readonly revision: number;
  /**
   * Whether everything that was written up to this resourceVersion is reflected. A controller that has
   * written must not decide again before its caches have seen the write: it would do the same once more.
   */
  hasSeen(resourceVersion: string | number): boolean;
  /** Resolves as soon as {@link hasSeen}; rejects when the cache is closed before. */
  whenSeen(resourceVersion: string | number): Promise<void>;
  /** By `namespace/name` (or name, for cluster-scoped kinds): see keyOf. */
  get(key: string): T | undefined;
  has(key: string): boolean;
  readonly size: number;
  /** All objects, in no particular order. The iteration must not be kept over an await. */
  list(): Iterable<T>;
  /** The objects filed under a value of an index: built-in {@link BUILT_IN_INDEXES} or added by {@link addIndex}. */
  index(name: string, value: string): readonly T[];
  /** How many objects {@link index} would return. */
  count(name: string, value: string): number;
  /** The values of an index under which anything is filed. */
  indexValues(name: string): Iterable<string>;
  /**
   * Adds an index, or does nothing when one of this name is there: so a name must mean the same everywhere.
   * `fn` must be pure and cheap: it is called on every change.
   */
  addIndex(name: string, fn: IndexFunction<T>): void;
  /**
   * Calls `listener` with every change from now on, in order and after the cache has taken it in; first with
   * an `added` for every object that is there, unless `replay` is false. Must not throw. Returns how to stop.
   */
  subscribe(listener: Listener<T>, options?: { readonly replay?: boolean }): () => void;
}

/** The indexes that every cache has. */
export const BUILT_IN_INDEXES = {
  /** By metadata.namespace. */
  namespace: "namespace",
  /** By the uid of the owner reference that is the controller. */
  controller: "controller",
  /** By the uid of every owner reference. */
  owner: "owner",
  /** Objects without a controller, by namespace. */
  orphan: "orphan",
  /** Objects without a controller, by `orphanLabelKey(namespace, label, value)` of each of their labels. */
  orphanLabel: "orphan-label",
} as const;

/** The value by which the index `orphan-label` files an object without a controller, once for each of its labels. */
export const orphanLabelKey = (namespace: string, label: string, value: string): string =>
  `${namespace}/${label}=${value}`;

/** The writer's half: only the part that fills a cache has this. */
export interface CacheWriter<T extends KubeObject = KubeObject> {
  put(object: T): void;
  /** `object` is the final state, with the version of the deletion. */
  remove(object: T): void;
  /**
   * Holds exactly these objects from now on: readers see all of the list or nothing of it. The listeners are told the
   * difference, which for thousands of objects takes turns of the event loop: each step of the iteration is one. At
   * its end the first list is complete, and everything up to its version is reflected. A later list may even go back
   * (a restored store).
   */
  replace(list: readonly T[], resourceVersion: string): Iterable<void>;
  /** Everything up to this version is reflected now. */
  advance(resourceVersion: string): void;
  close(): void;
}
