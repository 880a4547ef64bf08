import type { Clock, Random } from "#base";
import type { AnyDraft, KubeObject, ObjectKey } from "#objects";
import type { Entry, Store } from "#store";
import type { ResourceCache } from "../cache/resource-cache.ts";
import type { Horizon } from "../cache/horizon.ts";
import type { Revisions } from "../cache/revisions.ts";
import { Stored } from "../cache/stored.ts";
import type { WriteOptions } from "../contract.ts";
import type { Registry, ResourceDefinition, WriteContext } from "../definition.ts";
import { FRESH_WAIT_MS, interpret, tooLargeRevision } from "./errors.ts";

/** What writing objects of one kind takes. */
export interface Writer {
  readonly definition: ResourceDefinition;
  readonly registry: Registry;
  readonly store: Store;
  readonly cache: ResourceCache;
  readonly revisions: Revisions;
  readonly horizon: Horizon;
  readonly clock: Clock;
  readonly random: Random;
  /** Keys of generated names that are being created. */
  readonly claimed: Set<string>;
}

export function contextOf(writer: Writer, options: WriteOptions): WriteContext {
  return {
    user: options.user,
    now: writer.clock.now(),
    dryRun: options.dryRun === true,
    registry: writer.registry,
    version: options.version,
  };
}

/**
 * Waits until the cache has all that was committed before the call: a write is judged by what stands now. A store that
 * calls its watchers before it acknowledges never lets it wait. Throws 504 when the cache is too far behind.
 */
export async function look({ cache, store, clock }: Writer): Promise<void> {
  const { revision } = store;
  if (!(await cache.has(revision, FRESH_WAIT_MS, clock))) throw tooLargeRevision(revision, cache.revision);
}

/** The form in which an ordered draft is written and, once committed, held. */
export function encode(writer: Writer, key: ObjectKey, storeKey: string, ordered: AnyDraft): Stored {
  return Stored.written(writer.cache.encoding, storeKey, key, ordered);
}

/** An answer that was not stored. */
export function unstored(writer: Writer, key: ObjectKey, draft: AnyDraft | KubeObject, revision = 0): Stored {
  return encode(writer, key, "", writer.cache.encoding.ordered(draft as AnyDraft)).freeze(revision);
}

export type Outcome = { readonly ok: true; readonly revision: number } | { readonly ok: false };

/** Writes `object` if the key still stands at `expected` (0: does not exist), and settles it. */
export async function put(writer: Writer, object: Stored, expected: number): Promise<Outcome> {
  const outcome = await commit(writer, object.storeKey, expected, {
    type: "put",
    key: object.storeKey,
    value: object.value,
    attachment: object,
  });
  // The watch has done so, unless it comes later than the answer.
  if (outcome.ok) object.settle(outcome.revision);
  return outcome;
}

/** Removes the key if it still stands at `expected`. */
export function remove(writer: Writer, storeKey: string, expected: number): Promise<Outcome> {
  return commit(writer, storeKey, expected, { type: "delete", key: storeKey });
}

async function commit(
  writer: Writer,
  key: string,
  expected: number,
  write: Parameters<Store["commit"]>[0]["writes"][number],
): Promise<Outcome> {
  let result;
  try {
    result = await writer.store.commit({ expect: [{ key, modRevision: expected }], writes: [write] });
  } catch (error) {
    throw interpret(error);
  }
  if (result.ok) return result;
  await caughtUp(writer, result.entry);
  return { ok: false };
}

/** How long a conflicting write may take to become visible, in milliseconds. */
const VISIBLE_MS = 1000;

/** Waits until the cache has seen the write that was in the way: looking again sooner would only fail again. */
async function caughtUp({ revisions, store, clock }: Writer, entry: Entry | undefined): Promise<void> {
  await revisions.reachedWithin(entry?.modRevision ?? store.revision, VISIBLE_MS, clock);
}
