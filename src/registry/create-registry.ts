import { assert, type Clock, type Log, type Random } from "#base";
import type { EventBatch, Store } from "#store";
import { BookmarkTimer } from "./cache/bookmarks.ts";
import { Horizon } from "./cache/horizon.ts";
import { ALL_RINGS_BYTES, ResourceCache } from "./cache/resource-cache.ts";
import { RingBudget } from "./cache/ring.ts";
import { Revisions } from "./cache/revisions.ts";
import type { Lifetime } from "./cache/watch-stream.ts";
import type { Registry, ResolvedResource, Resource, ResourceDefinition } from "./definition.ts";
import type { ServedVersion } from "./contract.ts";
import type { Serves } from "./enablement/runtime-config.ts";
import { ROOT } from "./keys.ts";
import { Population } from "./population.ts";
import { Expiry } from "./resource/expiry.ts";
import { createResource } from "./resource/resource.ts";
import { type ServedKind, ServedKinds } from "./served-kinds.ts";

export interface RegistryOptions {
  readonly definitions: readonly ResourceDefinition[];
  /** Which versions of them are served; default all. A kind without any is not there. */
  readonly serves?: Serves;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many of its newest changes each kind holds for watchers; default 2048. */
  readonly ringSize?: number;
}

/**
 * Opens the registry over a store: one watch on everything, no reading. The store stays the caller's; close the
 * registry before it.
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const registry = new StoreRegistry(options);
  await registry.open();
  return registry;
}

class StoreRegistry implements Registry {
  readonly #options: RegistryOptions;
  readonly #revisions: Revisions;
  readonly #horizon: Horizon;
  readonly #bookmarks: BookmarkTimer;
  readonly #rings = new RingBudget(ALL_RINGS_BYTES);
  readonly #kinds = new ServedKinds();
  readonly #population = new Population<ResourceCache>();
  readonly #listeners = new Set<() => void>();
  /** The caches that the batch in hand changes. */
  readonly #touched = new Set<ResourceCache>();
  #generation = 0;
  #stopWatching = () => {};

  constructor(options: RegistryOptions) {
    const { store, clock } = options;
    this.#options = options;
    this.#revisions = new Revisions(store.revision);
    this.#horizon = new Horizon(store.revision, clock.monotonic());
    this.#bookmarks = new BookmarkTimer(clock);
    for (const definition of options.definitions) if (this.#versionsOf(definition).length > 0) this.#serve(definition);
  }

  async open(): Promise<void> {
    const from = this.#revisions.current;
    const handle = await this.#options.store.watch({ from, prefix: ROOT }, (batch) => this.#take(batch));
    assert(handle.ok, "the newest revision of a store is not compacted");
    this.#stopWatching = () => handle.close();
  }

  get revision(): number {
    return this.#revisions.current;
  }

  get generation(): number {
    return this.#generation;
  }

  resources(): readonly Resource[] {
    return this.#kinds.resources();
  }

  resolve(group: string, version: string, resource: string): ResolvedResource | undefined {
    return this.#kinds.resolve(group, version, resource);
  }

  resource(group: string, resource: string): Resource | undefined {
    return this.#kinds.get(group, resource)?.resource;
  }

  async emptyResources(): Promise<ReadonlySet<Resource>> {
    const { store } = this.#options;
    const caches = this.#kinds.stored().map(({ cache }) => cache);
    await this.#population.look(caches, async ({ prefix, end }) => {
      const found = await store.range({ start: prefix, end, limit: 1 });
      return !found.ok || found.value.entries.length > 0;
    });
    const empty = this.#kinds.stored().filter(({ cache }) => !this.#population.has(cache));
    return new Set(empty.map(({ resource }) => resource));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(definition: ResourceDefinition): void {
    this.#serve(definition);
    this.#changed();
  }

  remove(group: string, resource: string): void {
    const found = this.#kinds.get(group, resource);
    if (!found) return;
    this.#retire(found, "gone");
    this.#changed();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#listeners.clear();
    const all = [...this.#kinds.all()];
    for (const { cache } of all) cache.close();
    this.#revisions.close();
    await Promise.all(all.map(async ({ expiry }) => expiry?.close()));
  }

  #take({ events, revision }: EventBatch): void {
    for (const event of events) {
      const cache = this.#kinds.cacheOf(event.key);
      if (!cache) continue;
      cache.apply(event);
      this.#touched.add(cache);
    }
    this.#revisions.advance(revision);
    this.#horizon.note(revision, this.#options.clock.monotonic());
    let first = false;
    for (const cache of this.#touched) {
      cache.watchers.flush();
      // Other requests do not wait for it.
      if (this.#population.note(cache)) first = true;
    }
    this.#touched.clear();
    if (first) this.#callListeners();
  }

  #changed(): void {
    this.#generation++;
    this.#callListeners();
  }

  #callListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #versionsOf({ group, resource, versions }: ResourceDefinition): readonly ServedVersion[] {
    const { serves } = this.#options;
    if (!serves) return versions;
    return versions.filter((version) => serves(version.group ?? group, version.version, resource));
  }

  /** Serves a kind, in place of what was served under its name. */
  #serve(definition: ResourceDefinition): void {
    const { store, clock, random, log, ringSize } = this.#options;
    const old = this.#kinds.get(definition.group, definition.resource);
    const keeps = old?.cache.redefine(definition) === true;
    if (old) this.#retire(old, keeps ? "kept" : "superseded");
    const cache = keeps ? old.cache : new ResourceCache(definition, store, this.#revisions, ringSize, this.#rings);
    const lifetime: Lifetime = { ended: false };
    const resource = createResource({
      definition,
      registry: this,
      store,
      cache,
      revisions: this.#revisions,
      horizon: this.#horizon,
      clock,
      random,
      bookmarks: this.#bookmarks,
      claimed: new Set(),
      lifetime,
    });
    const { ttlMs } = definition;
    const expiry = ttlMs === undefined ? undefined : new Expiry(definition, ttlMs, cache, { store, clock, log });
    this.#kinds.add({ resource, cache, expiry, lifetime }, this.#versionsOf(definition));
  }

  /** What was opened under a definition does not outlive it. */
  #retire(kind: ServedKind, itsCacheIs: "kept" | "superseded" | "gone"): void {
    const { cache, expiry, lifetime } = kind;
    void expiry?.close();
    this.#kinds.remove(kind);
    lifetime.ended = true;
    if (itsCacheIs === "kept") cache.watchers.wakeAll();
    else {
      this.#population.forget(cache);
      cache.close(itsCacheIs);
    }
  }
}
