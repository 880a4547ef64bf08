import { assert } from "#base";
import { groupVersion, noSuchPath, schemaOf, type ObjectKey, type Schema } from "#objects";
import { prefixEnd, type Entry, type Store, type StoreEvent } from "#store";
import type { ResourceDefinition } from "../definition.ts";
import { objectKey, resourcePrefix, storeKey } from "../keys.ts";
import { FieldIndex } from "./field-index.ts";
import type { Revisions } from "./revisions.ts";
import { Change, Ring } from "./ring.ts";
import { SortedEntries } from "./sorted-entries.ts";
import { Encoding, Stored } from "./stored.ts";
import { WatcherSet } from "./watcher-set.ts";

/** How many changes are held for watchers if nothing else is said; older ones come from the store's history. */
export const RING_SIZE = 2048;
/**
 * Bytes of stored objects that the held changes may have; in memory each may be there four times (stored, parsed,
 * with its resourceVersion, framed for watchers). The newest 2048 changes of pods are about 10 MiB.
 */
const RING_BYTES = 16 * 1024 * 1024;
const LOAD_PAGE = 1000;

/** The schema of what is stored; undefined for a kind without one. */
function storageSchema({ group, storageVersion, versions }: ResourceDefinition): Schema | undefined {
  const stored = versions.find(({ version, group: other }) => version === storageVersion && (other ?? group) === group);
  return stored?.schema ? schemaOf(stored.schema) : undefined;
}

/**
 * The objects of one resource as they are now, in key order, and its most recent changes. Loaded from the store
 * when somebody first asks; kept current by the one watch of the registry, which calls {@link apply}.
 */
export class ResourceCache {
  readonly prefix: string;
  /** The first key after all of the resource. */
  readonly end: string;
  readonly encoding: Encoding;
  readonly namespaced: boolean;
  readonly watchers = new WatcherSet();
  readonly #store: Store;
  readonly #revisions: Revisions;
  readonly #entries = new SortedEntries<Stored>();
  readonly #indexes = new Map<string, FieldIndex>();
  readonly #ringSize: number;
  #ring: Ring;
  #state: "absent" | "loading" | "loaded" | "closed" = "absent";
  #loading: Promise<void> | undefined;
  /** What happened while the objects were read. */
  #meanwhile: StoreEvent[] = [];
  #changed = 0;

  /** Set to follow what is written from now on. */
  onPut: ((object: Stored) => void) | undefined;

  constructor(definition: ResourceDefinition, store: Store, revisions: Revisions, ringSize = RING_SIZE) {
    this.prefix = resourcePrefix(definition.group, definition.resource);
    this.end = prefixEnd(this.prefix);
    this.encoding = new Encoding(
      groupVersion({ group: definition.group, version: definition.storageVersion }),
      definition.kind,
      () => storageSchema(definition),
    );
    this.namespaced = definition.namespaced;
    this.#ringSize = ringSize;
    this.#ring = new Ring(0, ringSize, RING_BYTES);
    this.#store = store;
    this.#revisions = revisions;
  }

  /** How many objects there are; 0 before it is loaded. */
  get size(): number {
    return this.#entries.size;
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  get ring(): Ring {
    return this.#ring;
  }

  /** The revision of the last change, or one before which nothing is known. */
  get lastChange(): number {
    return this.#changed;
  }

  /** Resolves once the objects are there. At no cost when they are already. Throws 404 when the kind is gone. */
  load(): Promise<void> | undefined {
    if (this.#state === "loaded") return undefined;
    if (this.#state === "closed") throw noSuchPath();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  get(key: ObjectKey): Stored | undefined {
    return this.#entries.get(storeKey(this.prefix, key));
  }

  getByStoreKey(key: string): Stored | undefined {
    return this.#entries.get(key);
  }

  /** A copy of the list of objects with `start <= key < end`, in order, at most `limit` of them. */
  range(start: string, end: string, limit?: number): Stored[] {
    return this.#entries.range(start, end, limit);
  }

  countOf(start: string, end: string): number {
    return this.#entries.count(start, end);
  }

  all(): Iterable<Stored> {
    return this.#entries.values();
  }

  isIndexed(field: string): boolean {
    return this.#indexes.has(field);
  }

  /** Those of which a field has a value, unordered. The first call for a field makes its index. */
  indexed(field: string, read: (object: Stored) => string, value: string) {
    let index = this.#indexes.get(field);
    if (!index) this.#indexes.set(field, (index = new FieldIndex(read, this.#entries.values())));
    return index.with(value);
  }

  /** An entry of the store as the cache would hold it; the cache's own when it is the same. */
  adopt(entry: Entry): Stored {
    const known = this.#entries.get(entry.key);
    return known && known.revision === entry.modRevision
      ? known
      : Stored.read(this.encoding, entry, objectKey(this.prefix, entry.key));
  }

  /** Takes over a change of the store; they come in order, each once. */
  apply(event: StoreEvent): void {
    if (this.#state === "loading") this.#meanwhile.push(event);
    else if (this.#state === "loaded") this.#take(event);
  }

  /** The kind is no longer served: its watchers end. */
  close(): void {
    this.#state = "closed";
    this.#entries.clear();
    this.#indexes.clear();
    this.watchers.wakeAll();
  }

  #take(event: StoreEvent): void {
    const previous = this.#entries.get(event.key);
    let current: Stored | undefined;
    if (event.type === "put") {
      assert(event.entry, "a put has an entry");
      current = Stored.read(this.encoding, event.entry, previous?.key ?? objectKey(this.prefix, event.key));
      this.#entries.set(current);
      this.onPut?.(current);
    } else {
      if (!previous) return;
      this.#entries.delete(event.key);
    }
    for (const index of this.#indexes.values()) index.change(current, previous);
    this.#changed = event.revision;
    const change = new Change(event.revision, event.key, current, previous);
    const number = this.#ring.end;
    this.#ring.push(change);
    this.watchers.changed(change, number);
  }

  async #load(): Promise<void> {
    this.#state = "loading";
    this.#meanwhile = [];
    try {
      const revision = await this.#read();
      // The store may be ahead of the watch: what the reader is told must hold for all resources.
      await this.#revisions.reached(revision);
      this.#ring = new Ring(revision, this.#ringSize, RING_BYTES);
      this.#changed = revision;
      if ((this.#state as string) === "closed") return;
      this.#state = "loaded";
      const meanwhile = this.#meanwhile;
      this.#meanwhile = [];
      for (const event of meanwhile) if (event.revision > revision) this.#take(event);
      this.watchers.flush();
    } catch (error) {
      if ((this.#state as string) !== "closed") this.#state = "absent";
      this.#meanwhile = [];
      this.#entries.clear();
      throw error;
    }
  }

  /** Fills the entries with all objects at one revision, and returns it. */
  async #read(): Promise<number> {
    for (;;) {
      this.#entries.clear();
      let start = this.prefix;
      let at: number | undefined;
      for (;;) {
        const page = await this.#store.range({ start, end: this.end, limit: LOAD_PAGE, ...(at ? { at } : {}) });
        // Compacted while it was read: start again, with the newest.
        if (!page.ok) break;
        at = page.revision;
        for (const entry of page.value.entries) {
          this.#entries.set(Stored.read(this.encoding, entry, objectKey(this.prefix, entry.key)));
        }
        const last = page.value.entries.at(-1);
        if (!page.value.more || !last) return at;
        start = `${last.key}\0`;
      }
    }
  }
}
