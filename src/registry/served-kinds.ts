import { assert } from "#base";
import type { ResourceCache } from "./cache/resource-cache.ts";
import type { Lifetime } from "./cache/watch-stream.ts";
import type { ResolvedResource, Resource } from "./definition.ts";
import type { ServedVersion } from "./contract.ts";
import { prefixOf } from "./keys.ts";
import type { Expiry } from "./resource/expiry.ts";

/** A kind that is served, and what was made for it. */
export interface ServedKind {
  readonly resource: Resource;
  readonly cache: ResourceCache;
  readonly expiry: Expiry | undefined;
  readonly lifetime: Lifetime;
}

/** The kinds that are served, found by their names, by a request's path and by the keys of their objects. */
export class ServedKinds {
  readonly #byName = new Map<string, ServedKind>();
  /** `group/version/resource`. */
  readonly #byVersion = new Map<string, ResolvedResource>();
  readonly #byPrefix = new Map<string, ResourceCache>();
  #inOrder: readonly Resource[] | undefined;

  all(): Iterable<ServedKind> {
    return this.#byName.values();
  }

  /** The same array until a kind comes or goes. */
  resources(): readonly Resource[] {
    return (this.#inOrder ??= [...this.#byName.values()].map(({ resource }) => resource));
  }

  get(group: string, resource: string): ServedKind | undefined {
    return this.#byName.get(nameOf(group, resource));
  }

  resolve(group: string, version: string, resource: string): ResolvedResource | undefined {
    return this.#byVersion.get(`${group}/${version}/${resource}`);
  }

  /** Those of which objects are stored. */
  stored(): ServedKind[] {
    return [...this.#byName.values()].filter(({ cache }) => this.#byPrefix.get(cache.prefix) === cache);
  }

  /** The cache that the object at a key of the store belongs to. */
  cacheOf(key: string): ResourceCache | undefined {
    const prefix = prefixOf(key, this.#byPrefix);
    return prefix === undefined ? undefined : this.#byPrefix.get(prefix);
  }

  /** Adds a kind that is not here, to be served in these versions. */
  add(kind: ServedKind, versions: readonly ServedVersion[]): void {
    const { resource, cache } = kind;
    const { definition } = resource;
    assert(!this.#byPrefix.has(cache.prefix), `${cache.prefix} belongs to one resource`);
    if (!definition.compute && !definition.computedObjects) this.#byPrefix.set(cache.prefix, cache);
    this.#byName.set(nameOf(definition.group, definition.resource), kind);
    for (const version of versions) {
      const { group = definition.group } = version;
      this.#byVersion.set(`${group}/${version.version}/${definition.resource}`, { resource, version });
    }
    this.#inOrder = undefined;
  }

  remove({ resource, cache }: ServedKind): void {
    const { definition } = resource;
    if (this.#byPrefix.get(cache.prefix) === cache) this.#byPrefix.delete(cache.prefix);
    this.#byName.delete(nameOf(definition.group, definition.resource));
    for (const { group = definition.group, version } of definition.versions) {
      this.#byVersion.delete(`${group}/${version}/${definition.resource}`);
    }
    this.#inOrder = undefined;
  }
}

const nameOf = (group: string, resource: string) => (group ? `${resource}.${group}` : resource);
