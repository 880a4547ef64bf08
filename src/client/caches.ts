import type { Clock, Log, Random, Scope } from "#base";
import { groupResource, metadataOnly, type KubeObject, type PartialObjectMetadata, type ResourceType } from "#objects";
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

/** One cache for each kind and selection that was asked for, shared by all callers. */
export interface SharedCaches {
  /** The cache of a kind; the first call starts its watch. It is filled once `whenSynced()` resolves. */
  of<T extends KubeObject>(type: ResourceType<T>, selection?: Selection): Cache<T>;
  /**
   * The metadata of all objects of a kind: out of its whole cache where there is one already, else from a watch of
   * the metadata alone. For components that follow every kind, such as the garbage collector; nothing but the metadata may be read.
   */
  ofMetadata(type: ResourceType): Cache<PartialObjectMetadata>;
  /**
   * Forgets the cache of a kind's metadata and ends its watch: the kind is no longer served, and a watch would be tried
   * again for ever. The kind's whole cache, which others hold, stays.
   */
  dropMetadata(type: ResourceType): void;
  /** Resolves when every cache that was asked for so far has its first list. */
  whenSynced(): Promise<void>;
}

interface KeptCache {
  readonly cache: Cache;
  /** Ends its watch, and closes it. */
  drop(): void;
}

/** Does the work until the scope begins to close, or until it is ended by itself. */
async function untilEither(
  closing: AbortSignal,
  ending: AbortController,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const end = () => ending.abort(closing.reason);
  if (closing.aborted) end();
  else closing.addEventListener("abort", end, { once: true });
  try {
    await work(ending.signal);
  } finally {
    closing.removeEventListener("abort", end);
  }
}

/** Makes {@link SharedCaches}. */
export function createCaches(options: CachesOptions): SharedCaches {
  const caches = new Map<string, KeptCache>();
  const shared: SharedCaches = {
    ofMetadata: (type) => (caches.get(idOf(type, {}))?.cache as Cache | undefined) ?? shared.of(metadataOnly(type)),
    of<T extends KubeObject>(type: ResourceType<T>, selection: Selection = {}): Cache<T> {
      const { namespace = "", labelSelector = "", fieldSelector = "" } = selection;
      const id = idOf(type, selection);
      // The id names the resource, and with it the type of its objects.
      const known = caches.get(id)?.cache as Cache<T> | undefined;
      if (known) return known;
      const { client, scope, clock, random, log } = options;
      const { reader, writer } = createMemoryCache(type, log);
      const ending = new AbortController();
      const forget = scope.defer(() => writer.close());
      caches.set(id, {
        cache: reader,
        drop() {
          ending.abort();
          forget();
          writer.close();
        },
      });
      scope.run(`watch ${groupResource(type)}`, (closing) =>
        untilEither(closing, ending, (signal) =>
          reflect(
            { client, type, selection: { namespace, labelSelector, fieldSelector }, writer, clock, random, log },
            signal,
          ),
        ),
      );
      return reader;
    },
    dropMetadata(type) {
      const id = idOf(metadataOnly(type), {});
      const dropped = caches.get(id);
      caches.delete(id);
      dropped?.drop();
    },
    async whenSynced() {
      await Promise.all([...caches.values()].map(({ cache }) => cache.whenSynced()));
    },
  };
  return shared;
}

const idOf = (type: ResourceType, { namespace = "", labelSelector = "", fieldSelector = "" }: Selection): string =>
  JSON.stringify([groupResource(type), type.version, type.metadataOnly, namespace, labelSelector, fieldSelector]);
