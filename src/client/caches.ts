import type { Clock, Log, Random, Scope } from "#base";
import { groupResource, type KubeObject, type ResourceType } from "#objects";
import type { Cache } from "./cache.ts";
import { createMemoryCache } from "./memory-cache.ts";
import type { Client, Selection } from "./port.ts";
import { reflect } from "./reflector.ts";

export interface CachesOptions {
  readonly client: Client;
  /** Closing it stops every watch. */
  readonly scope: Scope;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One cache for each kind and selection that somebody asked for, shared by all who ask. */
export interface SharedCaches {
  /** The cache of a kind; the first call starts its watch. It is filled once `whenSynced()` resolves. */
  of<T extends KubeObject>(type: ResourceType<T>, selection?: Selection): Cache<T>;
  /** Resolves when every cache that was asked for so far has its first list. */
  whenSynced(): Promise<void>;
}

/** Makes {@link SharedCaches}. */
export function createCaches(options: CachesOptions): SharedCaches {
  const caches = new Map<string, Cache>();
  return {
    of<T extends KubeObject>(type: ResourceType<T>, selection: Selection = {}): Cache<T> {
      const { namespace = "", labelSelector = "", fieldSelector = "" } = selection;
      const id = JSON.stringify([
        groupResource(type),
        type.version,
        type.metadataOnly,
        namespace,
        labelSelector,
        fieldSelector,
      ]);
      // The id names the resource, and with it the type of its objects.
      const known = caches.get(id) as Cache<T> | undefined;
      if (known) return known;
      const { client, scope, clock, random, log } = options;
      const { reader, writer } = createMemoryCache(type, log);
      caches.set(id, reader);
      scope.defer(() => writer.close());
      scope.run(`watch ${groupResource(type)}`, (signal) =>
        reflect(
          { client, type, selection: { namespace, labelSelector, fieldSelector }, writer, clock, random, log },
          signal,
        ),
      );
      return reader;
    },
    async whenSynced() {
      await Promise.all([...caches.values()].map((cache) => cache.whenSynced()));
    },
  };
}
