import { assert, type Clock } from "#base";
import { noSuchPath, serviceUnavailable, withoutNulls, type ObjectKey } from "#objects";
import { prefixEnd, type Entry, type Store, type StoreEvent } from "#store";
import { allToStorage } from "../conversion/convert.ts";
import { storageApiVersion, versionBy } from "../conversion/versions.ts";
import type { ResourceDefinition } from "../definition.ts";
import { resourcePrefix, storeKey } from "../keys.ts";
import { FieldIndex } from "./field-index.ts";
import { isCurrent, readCurrent, readEntries } from "./read-entries.ts";
import type { Revisions } from "./revisions.ts";
import { RingEntry, Ring, type RingBudget } from "./ring.ts";
import { SortedEntries } from "./sorted-entries.ts";
import { Encoding, type Stored } from "./stored.ts";
import { WatcherSet } from "./watcher-set.ts";

/** How many changes are held for watchers if nothing else is said; older ones come from the store's history. */
const RING_SIZE = 2048;
/**
 * Bytes of stored objects that the held changes may have. The ring's freshest may be there four times (stored, parsed,
 * with their resourceVersion, framed for watchers), the others as they are stored and as a watcher was sent them. The
 * newest 2048 changes of pods are about 10 MiB.
 */
const RING_BYTES = 16 * 1024 * 1024;
/** And those of all resources together. */
export const ALL_RINGS_BYTES = 64 * 1024 * 1024;
const LOAD_PAGE = 1000;

/**
 * The objects of one resource as they are now, in key order, and its most recent changes. Loaded from the store
 * when it is first asked for; kept current by the one watch of the registry, which calls {@link apply}.
 */
export class ResourceCache {
  readonly prefix: string;
  /** The first key after all of the resource. */
  readonly end: string;
  readonly namespaced: boolean;
  readonly watchers = new WatcherSet();
  readonly #store: Store;
  readonly #revisions: Revisions;
  readonly #entries = new SortedEntries<Stored>();
  readonly #indexes = new Map<string, FieldIndex>();
  readonly #ringSize: number;
  readonly #budget: RingBudget | undefined;
  #encoding: Encoding;
  #ring: Ring;
  #state: "absent" | "loading" | "loaded" | "gone" | "superseded" = "absent";
  #loading: Promise<void> | undefined;
  /** What happened while the objects were read, or while one that is stored in another version is converted. */
  #waiting: StoreEvent[] = [];
  /** Whether any object was read from another version than the one that is stored now. */
  #converted = false;
  #changed = 0;

  /** Set to follow what is written from now on. */
  onPut: ((object: Stored) => void) | undefined;

  constructor(
    definition: ResourceDefinition,
    store: Store,
    revisions: Revisions,
    ringSize = RING_SIZE,
    budget?: RingBudget,
  ) {
    this.prefix = resourcePrefix(definition.group, definition.resource);
    this.end = prefixEnd(this.prefix);
    this.#encoding = encodingOf(definition);
    this.namespaced = definition.namespaced;
    this.#ringSize = ringSize;
    this.#budget = budget;
    this.#ring = new Ring(0, ringSize, RING_BYTES, budget);
    this.#store = store;
    this.#revisions = revisions;
  }

  /** How many objects there are; 0 before it is loaded. */
  get size(): number {
    return this.#entries.size;
  }

  get encoding(): Encoding {
    return this.#encoding;
  }

  get closed(): boolean {
    return this.#state === "gone" || this.#state === "superseded";
  }

  /** Nothing has to be waited for. */
  get isReady(): boolean {
    return this.#state === "loaded" && this.#waiting.length === 0;
  }

  /** Everything up to this revision is in it. */
  get revision(): number {
    const [next] = this.#waiting;
    return next ? Math.min(next.revision - 1, this.#revisions.current) : this.#revisions.current;
  }

  get ring(): Ring {
    return this.#ring;
  }

  /** The revision of the last change, or one before which nothing is known. */
  get lastChange(): number {
    return this.#changed;
  }

  /**
   * Resolves once the objects are there. At no cost when they are already. Rejects with 500 when one of them cannot be
   * read. Throws 404 when the kind is gone, 503 when it is stored in another version from now on.
   */
  load(): Promise<void> | undefined {
    this.ensureOpen();
    if (this.isReady) return undefined;
    this.#loading ??= (this.#state === "loaded" ? this.#convertWaiting() : this.#load()).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Throws 404 when the kind is gone, 503 when it is stored in another version from now on. */
  ensureOpen(): void {
    if (this.#state === "gone") throw noSuchPath();
    if (this.#state === "superseded") throw serviceUnavailable("the kind has changed meanwhile: please try again");
  }

  /** {@link load}, until nothing is left to wait for: what is read right after it is what is there now. */
  async ready(): Promise<void> {
    for (let loading = this.load(); loading; loading = this.load()) await loading;
  }

  /** Resolves true once it has everything up to a revision, false when that took longer. Rejects as {@link load} does. */
  async has(revision: number, withinMs: number, clock: Clock): Promise<boolean> {
    await this.ready();
    if (revision <= this.revision) return true;
    if (!(await this.#revisions.reachedWithin(revision, withinMs, clock))) return false;
    await this.ready();
    return true;
  }

  /**
   * Goes on under another definition of the kind; false when it cannot, because the form of what is stored, or the way
   * to it, is another.
   */
  redefine(definition: ResourceDefinition): boolean {
    const encoding = encodingOf(definition);
    const same = this.#encoding.same(encoding) && this.namespaced === definition.namespaced;
    if (!same || this.closed || this.#converted || this.#state === "loading") return false;
    // Values that are indexed by, and versions that are read from, are the definition's.
    this.#encoding = encoding;
    this.#indexes.clear();
    return true;
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

  /** Entries of the store as the cache would hold them; the cache's own where they are the same. */
  async adopt(entries: readonly Entry[]): Promise<readonly Stored[]> {
    const own = ({ key, modRevision }: Entry) => {
      const known = this.#entries.get(key);
      return known?.revision === modRevision ? known : undefined;
    };
    const others = entries.filter((entry) => !own(entry));
    const read = await readEntries(this, others);
    const byEntry = new Map(others.map((entry, i) => [entry, read[i]!]));
    return entries.map((entry) => byEntry.get(entry) ?? own(entry) ?? readCurrent(this, entry));
  }

  /** Takes over a change of the store; they come in order, each once. */
  apply(event: StoreEvent): void {
    if (this.#state === "loading") this.#waiting.push(event);
    else if (this.#state === "loaded") this.#arrive(event);
  }

  /** The kind is no longer served ("gone"), or stored in another version: what it holds is let go. */
  close(state: "gone" | "superseded" = "gone"): void {
    this.#state = state;
    this.#entries.clear();
    this.#indexes.clear();
    this.#waiting = [];
    this.#budget?.leave(this.#ring);
    this.#ring = new Ring(0, this.#ringSize);
    this.onPut = undefined;
    this.watchers.wakeAll();
  }

  /** What is stored in another version is converted first, and what comes after it waits for that. */
  #arrive(event: StoreEvent): void {
    const { entry } = event;
    if (this.#waiting.length === 0 && (!entry || isCurrent(this, entry))) {
      this.#take(event, entry && readCurrent(this, entry));
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length > 1) return;
    // Watchers look again, and find out by themselves what went wrong.
    this.load()?.catch(() => this.watchers.wakeAll());
  }

  async #convertWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = [...this.#waiting];
      const read = await readEntries(
        this,
        events.flatMap(({ entry }) => entry ?? []),
      );
      if (this.closed) return;
      this.#converted = true;
      this.#waiting.splice(0, events.length);
      let next = 0;
      for (const event of events) this.#take(event, event.entry && read[next++]);
      this.watchers.flush();
    }
  }

  #take(event: StoreEvent, current: Stored | undefined): void {
    const previous = this.#entries.get(event.key);
    if (event.type === "put") {
      assert(current, "a put has an entry");
      this.#entries.set(current);
      this.onPut?.(current);
    } else {
      if (!previous) return;
      this.#entries.delete(event.key);
    }
    for (const index of this.#indexes.values()) index.change(current, previous);
    this.#changed = event.revision;
    const change = new RingEntry(event.revision, event.key, current, previous);
    const number = this.#ring.end;
    this.#ring.push(change);
    this.watchers.changed(change, number);
  }

  async #load(): Promise<void> {
    this.#state = "loading";
    this.#waiting = [];
    try {
      const revision = await this.#read();
      if (revision === undefined) return;
      // The store may be ahead of the watch: what the reader is told must hold for all resources.
      await this.#revisions.reached(revision);
      if (this.closed) return;
      this.#budget?.leave(this.#ring);
      this.#ring = new Ring(revision, this.#ringSize, RING_BYTES, this.#budget);
      this.#changed = revision;
      this.#state = "loaded";
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const event of waiting) if (event.revision > revision) this.#arrive(event);
      this.watchers.flush();
    } catch (error) {
      if (!this.closed) this.#state = "absent";
      this.#waiting = [];
      this.#entries.clear();
      throw error;
    }
  }

  /** Fills the entries with all objects at one revision, and returns it; undefined once it is closed. */
  async #read(): Promise<number | undefined> {
    for (;;) {
      this.#entries.clear();
      let start = this.prefix;
      let at: number | undefined;
      for (;;) {
        const page = await this.#store.range({ start, end: this.end, limit: LOAD_PAGE, ...(at ? { at } : {}) });
        // Compacted while it was read: start again, with the newest.
        if (!page.ok) break;
        at = page.revision;
        const { entries, more } = page.value;
        const read = readEntries(this, entries);
        if (read instanceof Promise) this.#converted = true;
        const objects = await read;
        if (this.closed) return undefined;
        for (const object of objects) this.#entries.set(object);
        const last = entries.at(-1);
        if (!more || !last) return at;
        start = `${last.key}\0`;
      }
    }
  }
}

/** How the objects of a kind are written, and read from whatever version they were written in. */
function encodingOf(definition: ResourceDefinition): Encoding {
  return new Encoding(storageApiVersion(definition), definition.kind, {
    schema: () => versionBy(definition, storageApiVersion(definition))?.schema,
    toStorage(apiVersion, objects) {
      const version = versionBy(definition, apiVersion);
      if (!version) return undefined;
      const withValues = objects.map((object) => withoutNulls(object, version.schema));
      return allToStorage(definition, version, withValues);
    },
  });
}
