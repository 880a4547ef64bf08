/** Deleting objects, in the order of upstream's generic registry (Store.Delete). */
import { conflict, hasReason, notFoundError, type ObjectKey } from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { DeleteCollectionOptions, DeleteOptions, ListQuery, ListResult } from "../contract.ts";
import { planDeletion } from "./deletion.ts";
import { kindOf, subjectOf } from "./errors.ts";
import { encode, look, put, remove, type Writer } from "./writer.ts";

export interface Deleted {
  readonly object: Stored;
  /** False: it only began, or was under way already. */
  readonly deleted: boolean;
}

export async function deleteObject(writer: Writer, key: ObjectKey, options: DeleteOptions): Promise<Deleted> {
  const { cache, clock, definition } = writer;
  /** What this request itself last made of the object. */
  let mine: Stored | undefined;
  for (;;) {
    await look(writer);
    const current = cache.get(key);
    if (!current) {
      // Between our mark and our removal another client has finished it: that is what we wanted.
      if (mine) return { object: mine, deleted: true };
      throw notFoundError(subjectOf(definition), key.name);
    }
    if (current !== mine) checkPreconditions(writer, current, options);
    const plan = planDeletion(definition, current.object, options, clock.now());
    if (plan.type === "pending") return { object: current, deleted: false };
    if (current !== mine) await options.validate?.(current.object);
    if (plan.type === "update") {
      const object = encode(writer, key, current.storeKey, cache.encoding.ordered(plan.draft));
      if (options.dryRun) return { object: object.freeze(current.revision), deleted: plan.thenRemove };
      const outcome = await put(writer, object, current.revision);
      if (!outcome.ok) continue;
      if (!plan.thenRemove) return { object, deleted: false };
      mine = object;
      if (!(await remove(writer, object.storeKey, outcome.revision)).ok) continue;
      return { object, deleted: true };
    }
    if (options.dryRun) return { object: current, deleted: true };
    const outcome = await remove(writer, current.storeKey, current.revision);
    if (outcome.ok) return { object: current, deleted: true };
  }
}

function checkPreconditions({ definition }: Writer, current: Stored, { preconditions }: DeleteOptions): void {
  if (!preconditions) return;
  const { uid, resourceVersion } = current.object.metadata;
  const refuse = (detail: string) => conflict(kindOf(definition), current.key.name, detail);
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw refuse(
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). ` +
        "The object might have been deleted and then recreated",
    );
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion ` +
        `in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** So many deletions of a collection are under way at once. */
const WORKERS = 16;

/**
 * Deletes what a list has; an object that is gone meanwhile is no error. The first other failure ends it, and is
 * thrown once nothing is under way any more: some objects are deleted then, others not (as upstream).
 */
export async function deleteCollection(
  writer: Writer,
  list: (query: ListQuery) => Promise<ListResult>,
  query: ListQuery,
  options: DeleteCollectionOptions,
): Promise<ListResult> {
  const listed = await list(query);
  const { items } = listed;
  const { signal, ...each } = options;
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async () => {
    while (next < items.length && !failure && !signal?.aborted) {
      const { key } = items[next++]!;
      try {
        await deleteObject(writer, key, each);
      } catch (error) {
        if (!hasReason(error, "NotFound")) failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, items.length) }, work));
  if (failure) throw failure.error;
  return listed;
}
