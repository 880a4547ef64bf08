import { revisionOf, type Cache, type Client } from "#client";
import { hasReason, keyOf, type KubeObject, type ObjectKey, type ResourceType, type Status } from "#objects";

/**
 * What one key's syncs have written and the caches have not shown yet. It replaces upstream's expectations
 * (counters of creations and deletions still to be observed, per controller): a write's resourceVersion says
 * exactly when a cache has seen it, whatever else happens meanwhile. The semantics are the same, a controller
 * never decides on a cache that lacks its own writes; and since a relist always shows everything up to its
 * version, nothing can get lost, so no expiry is needed (upstream's is 5 minutes). A write whose outcome is
 * unknown, such as a request that timed out, is not waited for, as upstream.
 */
export interface PendingWrites {
  /** A client that remembers writes to the kinds that have a cache here. */
  readonly client: Client;
  /** Whether the caches show everything that was written. */
  settled(): boolean;
  /** Calls back once, as soon as {@link settled} may have become true. */
  whenSettled(callback: () => void): void;
}

/** What is gone, or goes with its last finalizer: the answer names no revision by which the cache would know. */
interface Vanished {
  readonly cache: Cache;
  readonly key: string;
  readonly uid: string;
  /** It may stay for its grace, without finalizers. */
  readonly mayStay: boolean;
}

/** Makes the record of one key's writes. `cacheOf` gives the cache of a kind if the controller watches it. */
export function createPendingWrites(client: Client, cacheOf: (type: ResourceType) => Cache | undefined): PendingWrites {
  const written = new Map<Cache, number>();
  let vanished: Vanished[] = [];

  const noteObject = (type: ResourceType, object: KubeObject) => {
    const cache = cacheOf(type);
    if (!cache) return;
    const revision = revisionOf(object.metadata.resourceVersion);
    if (revision > (written.get(cache) ?? 0)) written.set(cache, revision);
    const { uid, deletionTimestamp, finalizers = [] } = object.metadata;
    if (uid && deletionTimestamp !== undefined && finalizers.length === 0) {
      vanished.push({ cache, key: keyOf(object), uid, mayStay: true });
    }
  };
  const noteDeletion = (type: ResourceType, key: ObjectKey, answer: KubeObject | Status) => {
    if (isObject(answer)) noteObject(type, answer);
    else noteGone(type, key);
  };
  const noteGone = (type: ResourceType, key: ObjectKey) => {
    const cache = cacheOf(type);
    const uid = cache?.get(keyOf(key))?.metadata.uid;
    if (cache && uid) vanished.push({ cache, key: keyOf(key), uid, mayStay: false });
  };
  /** The cache may still show what the API does not have any more. */
  const unlessGone = async <T>(type: ResourceType, key: ObjectKey, request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      if (hasReason(error, "NotFound")) noteGone(type, key);
      throw error;
    }
  };
  const unseen = ([cache, revision]: readonly [Cache, number]) => !cache.hasSeen(revision);

  return {
    client: {
      discovery: client.discovery,
      get: (type, key, options) => client.get(type, key, options),
      list: (type, options) => client.list(type, options),
      watch: (type, options) => client.watch(type, options),
      async create(type, object, options) {
        const created = await client.create(type, object, options);
        if (!options?.dryRun) noteObject(type, created);
        return created;
      },
      async update(type, object, options) {
        const updated = await client.update(type, object, options);
        if (!options?.dryRun) noteObject(type, updated);
        return updated;
      },
      async patch(type, key, patch, options) {
        const patched = await unlessGone(type, key, client.patch(type, key, patch, options));
        if (!options?.dryRun) noteObject(type, patched);
        return patched;
      },
      async delete(type, key, options) {
        const answer = await unlessGone(type, key, client.delete(type, key, options));
        if (!options?.dryRun) noteDeletion(type, key, answer);
        return answer;
      },
      deleteCollection: (type, selection, options) => client.deleteCollection(type, selection, options),
      createSubresource: (type, key, subresource, body, options) =>
        client.createSubresource(type, key, subresource, body, options),
    },
    settled() {
      for (const [cache, revision] of written) if (cache.hasSeen(revision)) written.delete(cache);
      if (vanished.length > 0) vanished = vanished.filter(present);
      return written.size === 0 && vanished.length === 0;
    },
    whenSettled(callback) {
      const waits = [...written].filter(unseen).map(([cache, revision]) => cache.whenSeen(revision));
      const missing = Map.groupBy(vanished.filter(present), ({ cache }) => cache);
      for (const [cache, gone] of missing) waits.push(removal(cache, gone));
      // A cache that closes during the wait ends the controller too: nothing is left to call back.
      Promise.all(waits).then(callback, () => {});
    },
  };
}

/** Whether the cache still shows it as it was. */
function present({ cache, key, uid, mayStay }: Vanished): boolean {
  const metadata = cache.get(key)?.metadata;
  return metadata?.uid === uid && !(mayStay && !metadata.finalizers?.length);
}

/** Resolves once the cache shows none of these as it was. */
function removal(cache: Cache, gone: readonly Vanished[]): Promise<void> {
  let left = gone;
  return new Promise((resolve) => {
    const stop = cache.subscribe(
      ({ object }) => {
        if (!left.some(({ uid }) => uid === object.metadata.uid)) return;
        left = left.filter(present);
        if (left.length > 0) return;
        stop();
        resolve();
      },
      { replay: false },
    );
  });
}

function isObject(answer: KubeObject | Status): answer is KubeObject {
  return answer.kind !== "Status";
}
