import { assert, type Clock, type Log, type Random } from "#base";
import type { EventBatch, Store } from "#store";
import { BookmarkTimer } from "./cache/bookmarks.ts";
import { Horizon } from "./cache/horizon.ts";
import { ResourceCache, RING_SIZE } from "./cache/resource-cache.ts";
import { Revisions } from "./cache/revisions.ts";
import type { Lifetime } from "./cache/watch-stream.ts";
import type { Registry, ResolvedResource, Resource, ResourceDefinition } from "./definition.ts";
import type { Serves } from "./enablement/runtime-config.ts";
import { prefixOf, ROOT } from "./keys.ts";
import { Expiry } from "./resource/expiry.ts";
import { createResource } from "./resource/resource.ts";

export interface RegistryOptions {
  readonly definitions: readonly ResourceDefinition[];
  /** Which versions of them are served; default all. A kind without any is not there. */
  readonly serves?: Serves;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many of its newest changes each kind holds for watchers; default {@link RING_SIZE}. */
  readonly ringSize?: number;
}

interface Served {
  readonly resource: Resource;
  readonly cache: ResourceCache;
  readonly expiry: Expiry | undefined;
  readonly lifetime: Lifetime;
}

const nameOf = (group: string, resource: string) => (group ? `${resource}.${group}` : resource);

/**
 * Opens the registry over a store: one watch on everything, no reading. The store stays the caller's; close the
 * registry before it.
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { store, clock, random, log } = options;
  const revisions = new Revisions(store.revision);
  const horizon = new Horizon(store.revision, clock.monotonic());
  const bookmarks = new BookmarkTimer(clock);
  const served = new Map<string, Served>();
  const byPrefix = new Map<string, ResourceCache>();
  /** `group/version/resource`. */
  const byVersion = new Map<string, ResolvedResource>();
  const listeners = new Set<() => void>();
  let inOrder: readonly Resource[] | undefined;
  let generation = 0;
  let stopWatching = () => {};

  /** The caches of kinds of which there are objects, or were; and those of which that is known. */
  const populated = new Set<ResourceCache>();
  const looked = new Set<ResourceCache>();
  const touched = new Set<ResourceCache>();
  const take = ({ events, revision }: EventBatch) => {
    for (const event of events) {
      const prefix = prefixOf(event.key, byPrefix);
      const cache = prefix === undefined ? undefined : byPrefix.get(prefix);
      if (!cache) continue;
      cache.apply(event);
      touched.add(cache);
    }
    revisions.advance(revision);
    horizon.note(revision, clock.monotonic());
    let first = false;
    for (const cache of touched) {
      cache.watchers.flush();
      if (populated.has(cache)) continue;
      populated.add(cache);
      // Other requests do not wait for it.
      first ||= looked.has(cache);
    }
    touched.clear();
    if (first) for (const listener of listeners) listener();
  };

  const servedVersions = ({ group, resource, versions }: ResourceDefinition) =>
    versions.filter((version) => options.serves?.(version.group ?? group, version.version, resource) ?? true);

  const changed = () => {
    inOrder = undefined;
    generation++;
    for (const listener of listeners) listener();
  };

  const put = (definition: ResourceDefinition) => {
    const old = served.get(nameOf(definition.group, definition.resource));
    if (old) forget(old);
    const keeps = old?.cache.redefine(definition) === true;
    if (old) end(old, keeps ? "kept" : "superseded");
    const cache = keeps ? old.cache : new ResourceCache(definition, store, revisions, options.ringSize ?? RING_SIZE);
    const lifetime: Lifetime = { ended: false };
    assert(!byPrefix.has(cache.prefix), `${cache.prefix} belongs to one resource`);
    const resource = createResource({
      definition,
      registry,
      store,
      cache,
      revisions,
      horizon,
      clock,
      random,
      bookmarks,
      claimed: new Set(),
      lifetime,
    });
    const { ttlMs } = definition;
    const expiry = ttlMs === undefined ? undefined : new Expiry(definition, ttlMs, cache, { store, clock, log });
    if (!definition.compute && !definition.computedObjects) byPrefix.set(cache.prefix, cache);
    served.set(nameOf(definition.group, definition.resource), { resource, cache, expiry, lifetime });
    for (const version of servedVersions(definition)) {
      byVersion.set(`${version.group ?? definition.group}/${version.version}/${definition.resource}`, {
        resource,
        version,
      });
    }
  };

  const forget = ({ resource, cache, expiry }: Served) => {
    const { definition } = resource;
    void expiry?.close();
    if (byPrefix.get(cache.prefix) === cache) byPrefix.delete(cache.prefix);
    served.delete(nameOf(definition.group, definition.resource));
    for (const version of definition.versions) {
      byVersion.delete(`${version.group ?? definition.group}/${version.version}/${definition.resource}`);
    }
  };

  /** What was opened under a definition does not outlive it. */
  const end = ({ cache, lifetime }: Served, what: "kept" | "superseded" | "gone") => {
    lifetime.ended = true;
    if (what === "kept") cache.watchers.wakeAll();
    else cache.close(what);
  };

  const registry: Registry = {
    get revision() {
      return revisions.current;
    },
    get generation() {
      return generation;
    },
    resources: () => (inOrder ??= [...served.values()].map(({ resource }) => resource)),
    resolve: (group, version, resource) => byVersion.get(`${group}/${version}/${resource}`),
    resource: (group, resource) => served.get(nameOf(group, resource))?.resource,
    async emptyResources() {
      await Promise.all(
        [...byPrefix.values()].map(async (cache) => {
          if (looked.has(cache)) return;
          const found = await store.range({ start: cache.prefix, end: cache.end, limit: 1 });
          if (!found.ok || found.value.entries.length > 0) populated.add(cache);
          looked.add(cache);
        }),
      );
      const empty = [...served.values()].filter(({ cache }) => byPrefix.has(cache.prefix) && !populated.has(cache));
      return new Set(empty.map(({ resource }) => resource));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add(definition) {
      put(definition);
      changed();
    },
    remove(group, resource) {
      const found = served.get(nameOf(group, resource));
      if (!found) return;
      forget(found);
      end(found, "gone");
      changed();
    },
    async close() {
      stopWatching();
      listeners.clear();
      const all = [...served.values()];
      for (const { cache } of all) cache.close();
      revisions.close();
      await Promise.all(all.map(async ({ expiry }) => expiry?.close()));
    },
  };

  for (const definition of options.definitions) if (servedVersions(definition).length > 0) put(definition);
  const handle = await store.watch({ from: revisions.current, prefix: ROOT }, take);
  assert(handle.ok, "the newest revision of a store is not compacted");
  stopWatching = () => handle.close();
  return registry;
}
