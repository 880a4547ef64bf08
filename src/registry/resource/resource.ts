import { assert } from "#base";
import {
  methodNotSupported,
  notFoundError,
  type AnyDraft,
  type KubeObject,
  type ObjectKey,
  validateWatchOptions,
} from "#objects";
import { prefixEnd } from "#store";
import type { BookmarkTimer } from "../cache/bookmarks.ts";
import { watchStream, type Lifetime } from "../cache/watch-stream.ts";
import type {
  DeleteCollectionOptions,
  DeleteOptions,
  ListQuery,
  StoredObject,
  UpdatedObject,
  UpdateOptions,
  WatchEvent,
  WatchQuery,
  WriteOptions,
} from "../contract.ts";
import type { Resource } from "../definition.ts";
import { computedList, computedObject } from "./computed.ts";
import { deleteCollection, deleteObject } from "./delete.ts";
import { FRESH_WAIT_MS, subjectOf, tooLargeRevision } from "./errors.ts";
import { candidatesFor, list, prepareIndex } from "./list.ts";
import { parseRevisionPlainly } from "./resource-version.ts";
import { compileSelection } from "./selection.ts";
import { create, update } from "./pipeline.ts";
import { contextOf, unstored, type Writer } from "./writer.ts";

/** The objects of one kind, put together from its cache and the verbs. */
export function createResource(
  parts: Writer & { readonly bookmarks: BookmarkTimer; readonly lifetime: Lifetime },
): Resource {
  const { cache, clock, definition, lifetime, store } = parts;

  /** A request for a revision that is yet to come waits for it a little. */
  const fresh = async (revision: number) => {
    const least = Math.max(revision, 0);
    return (await cache.has(least, FRESH_WAIT_MS, clock)) ? undefined : tooLargeRevision(least, cache.revision);
  };

  const get = async (key: ObjectKey, options: { readonly resourceVersion?: string } = {}): Promise<StoredObject> => {
    const least = parseRevisionPlainly(options.resourceVersion);
    if (definition.computedObjects) return computedObject(parts, key);
    // Without a revision the answer is what the store has now.
    const refused = await fresh(Math.max(least, options.resourceVersion ? 0 : store.revision));
    if (refused) throw refused;
    const found = cache.get(definition.namespaced ? key : { namespace: "", name: key.name });
    if (!found) throw notFoundError(subjectOf(definition), key.name);
    return found;
  };

  const listObjects = async (query: ListQuery) =>
    definition.computedObjects ? computedList(parts, query) : list(parts, query);

  const watch = (query: WatchQuery): AsyncIterable<readonly WatchEvent[]> => {
    if (definition.computedObjects) throw methodNotSupported(subjectOf(definition), "watch");
    validateWatchOptions(query);
    const selector = compileSelection(definition, query);
    const revision = parseRevisionPlainly(query.resourceVersion);
    const initial = query.sendInitialEvents ?? revision === 0;
    const bookmarks = query.allowWatchBookmarks === true;
    const prefix = selector.namespace ? `${cache.prefix}${selector.namespace}/` : cache.prefix;
    return watchStream(parts, {
      matches: selector.matches,
      interest: selector.interest,
      start: initial ? "current" : revision === 0 ? "now" : revision,
      current: () => candidatesFor(cache, selector, prefix, prefixEnd(prefix)),
      bookmarks,
      marksInitialEnd: bookmarks && query.sendInitialEvents === true,
      ready: async () => {
        if (cache.closed || lifetime.ended) return undefined;
        // A watch from a revision that is yet to come is silent until then; what is told first must be as new as that.
        const least = initial ? revision : 0;
        const refused = await fresh(least || (query.resourceVersion ? 0 : store.revision));
        if (!refused && initial) await prepareIndex(cache, selector, clock);
        return refused;
      },
      timeoutMs: query.timeoutSeconds ? query.timeoutSeconds * 1000 : undefined,
      signal: query.signal,
    });
  };

  const review = async (draft: AnyDraft, options: WriteOptions): Promise<StoredObject> => {
    assert(definition.compute, "a review kind computes");
    const context = contextOf(parts, options);
    const answer: KubeObject = await definition.compute(draft, context);
    return unstored(parts, { namespace: answer.metadata?.namespace ?? "", name: answer.metadata?.name ?? "" }, answer);
  };

  return {
    definition,
    get,
    list: listObjects,
    watch,
    create: (draft: AnyDraft, options: WriteOptions) =>
      definition.compute ? review(draft, options) : create(parts, draft, options),
    update: (key: ObjectKey, updatedObject: UpdatedObject, options: UpdateOptions) =>
      update(parts, key, updatedObject, options),
    delete: (key: ObjectKey, options: DeleteOptions) => deleteObject(parts, key, options),
    deleteCollection: (query: ListQuery, options: DeleteCollectionOptions) =>
      deleteCollection(parts, listObjects, query, options),
    get count() {
      return cache.size;
    },
    get watchers() {
      return cache.watchers.size;
    },
  };
}
