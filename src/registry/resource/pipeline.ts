/**
 * The way of every write, in upstream's order (endpoints/handlers, generic registry Store.Create and Store.Update,
 * rest.BeforeCreate and rest.BeforeUpdate). Each stage has one place, and a write that another came before begins anew.
 *
 *   look      the object as it is, and whether it is the one that is meant
 *   decode    what the client wants it to be, in the request's version: a body, a patch, an applied configuration
 *   convert   to the storage version
 *   default   what the kind's defaults fill in (the schema's are there: the decoder has them)
 *   own       who sets what: managedFields, of what the request can write
 *   mutate    mutating admission
 *   prepare   what the server decides: system fields, reset fields, the kind's strategy
 *   validate  everything that is wrong at once, then warnings
 *   reserve   what must be unique in the cluster
 *   admit     validating admission
 *   commit    compare-and-set
 *
 * A large write gives way to other requests between them.
 */
import { giveWayFor, type GiveWay } from "#base";
import {
  deepFreeze,
  entriesJson,
  notFoundError,
  type AnyDraft,
  type Draft,
  type KubeObject,
  type ObjectKey,
} from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { UpdatedObject, UpdateOptions, WriteOptions } from "../contract.ts";
import { fromStorage, toStorage } from "../conversion/convert.ts";
import { storageVersionOf } from "../conversion/versions.ts";
import type { WriteContext } from "../definition.ts";
import { storeKey } from "../keys.ts";
import { isReleased } from "./deletion.ts";
import { sameObject } from "./equality.ts";
import { resourceVersionOnCreate, subjectOf } from "./errors.ts";
import { claimName, takenError } from "./generated-name.ts";
import { recordWrite } from "./managed-fields.ts";
import { dedupeOwners, wipeSystemFields } from "./metadata.ts";
import { checkPreconditions, checkRevision, namesRevision } from "./preconditions.ts";
import { prepareNew, prepareUpdated, rulesOf } from "./prepare.ts";
import { reserving } from "./reserve.ts";
import { checkNew, checkUpdated, warnOfNew, warnOfUpdated } from "./validate.ts";
import { contextOf, encode, look, put, remove, unstored, type Writer } from "./writer.ts";

export interface Updated {
  readonly object: Stored;
  readonly created: boolean;
}

/** Creates an object. `requested` is decoded, in the request's version, and taken over. */
export async function create(writer: Writer, requested: AnyDraft, options: WriteOptions): Promise<Stored> {
  await look(writer);
  const giveWay = giveWayFor(options.bodySize ?? 0);
  const draft = await admitted(writer, requested, undefined, options, giveWay);
  const claim = claimName(writer, draft.metadata);
  try {
    const created = await finishNew(writer, draft, options, giveWay);
    if (created.ok) return created.object;
    throw takenError(writer, created.key, claim !== undefined);
  } finally {
    if (claim !== undefined) writer.claimed.delete(claim);
  }
}

/** Reads, changes and writes an object, until no other write comes between; makes it where that is allowed. */
export async function update(
  writer: Writer,
  key: ObjectKey,
  updatedObject: UpdatedObject,
  options: UpdateOptions,
): Promise<Updated> {
  for (;;) {
    await look(writer);
    const updated = await attempt(writer, key, updatedObject, options);
    // Undefined: another write came between. What the update makes of that is its own affair.
    if (updated) return updated;
  }
}

async function attempt(
  writer: Writer,
  key: ObjectKey,
  updatedObject: UpdatedObject,
  options: UpdateOptions,
): Promise<Updated | undefined> {
  const { definition, cache } = writer;
  const current = cache.get(key);
  if (!current && !definition.createsOnUpdate && !options.allowCreate) {
    throw notFoundError(subjectOf(definition), key.name);
  }
  checkPreconditions(writer, key, current, options.preconditions);
  const old = current?.object;
  const live = old && fromStorage(definition, versionOf(writer, options), old);
  const giveWay = giveWayFor(Math.max(options.bodySize ?? 0, current?.value.length ?? 0));
  const requested = await updatedObject(live instanceof Promise ? await live : live, giveWay);
  const draft = await admitted(writer, requested, old, options, giveWay);
  if (current) return finishUpdated(writer, draft, current, options, giveWay);

  delete draft.metadata.resourceVersion;
  const created = await finishNew(writer, draft, options, giveWay, key.namespace);
  if (created.ok) return { object: created.object, created: true };
  if (options.dryRun) throw takenError(writer, key, false);
  return undefined;
}

const versionOf = ({ definition }: Writer, { version }: WriteOptions) => version ?? storageVersionOf(definition);

/** From convert to mutate: the stages that new and old objects share. */
async function admitted(
  writer: Writer,
  requested: AnyDraft,
  old: KubeObject | undefined,
  options: UpdateOptions,
  giveWay: GiveWay | undefined,
): Promise<AnyDraft> {
  const { definition, clock } = writer;
  const { admission, warn } = options;
  requested.metadata ??= {} as AnyDraft["metadata"];
  const converted = toStorage(definition, versionOf(writer, options), requested);
  const draft = converted instanceof Promise ? await converted : converted;
  if (!old) wipeSystemFields(draft.metadata);

  if (giveWay) await giveWay();
  definition.applyDefaults?.(draft as Draft<KubeObject>);
  dedupeOwners(draft.metadata, "in the request", warn);

  if (!options.keepsManagedFields) {
    if (giveWay) await giveWay();
    const recorded = recordWrite(definition, draft, old, options, clock.now());
    if (recorded) await recorded;
  }

  if (giveWay) await giveWay();
  if (admission?.mutate) {
    await admission.mutate(draft, old);
    dedupeOwners(draft.metadata, "after mutating admission", warn);
  }
  return draft;
}

type Created = { readonly ok: true; readonly object: Stored } | { readonly ok: false; readonly key: ObjectKey };

/** From prepare to commit, for a new object; not ok when there is one of that name already. */
async function finishNew(
  writer: Writer,
  draft: AnyDraft,
  options: WriteOptions,
  giveWay: GiveWay | undefined,
  namespace = draft.metadata.namespace,
): Promise<Created> {
  const { definition, cache, random } = writer;
  const context = contextOf(writer, options);
  prepareNew(definition, draft, context, namespace ?? "", random.uuid());
  if (giveWay) await giveWay();
  checkNew(definition, draft as KubeObject, context);
  if (giveWay) await giveWay();
  warnOfNew(definition, draft as KubeObject, options);
  if (giveWay) await giveWay();

  const { metadata } = draft;
  const key: ObjectKey = { namespace: metadata.namespace ?? "", name: metadata.name! };
  const at = storeKey(cache.prefix, key);
  return reserving(definition.reserve?.(draft as Draft<KubeObject>, undefined, context), async () => {
    await options.admission?.validate?.(draft as KubeObject, undefined);
    if (namesRevision(metadata.resourceVersion)) throw resourceVersionOnCreate();
    delete metadata.resourceVersion;
    const ordered = cache.encoding.ordered(draft);
    if (giveWay) await readied(ordered, giveWay);
    if (context.dryRun) {
      const taken = cache.getByStoreKey(at) !== undefined;
      return {
        written: false,
        value: taken ? { ok: false, key } : { ok: true, object: unstored(writer, key, ordered) },
      };
    }
    const object = encode(writer, key, at, ordered);
    if (giveWay) await giveWay();
    const outcome = await put(writer, object, 0);
    return { written: outcome.ok, value: outcome.ok ? { ok: true, object } : { ok: false, key } };
  });
}

/** From prepare to commit, for an object that is there; undefined when another write came first. */
async function finishUpdated(
  writer: Writer,
  draft: AnyDraft,
  current: Stored,
  options: UpdateOptions,
  giveWay: GiveWay | undefined,
): Promise<Updated | undefined> {
  const { definition, cache } = writer;
  const { key, object: old } = current;
  checkRevision(definition, draft, current);
  const context = contextOf(writer, options);
  const rules = rulesOf(definition, options.subresource);
  prepareUpdated(definition, rules, draft, old, context);
  if (giveWay) await giveWay();
  checkUpdated(definition, rules, draft as KubeObject, old, context);
  if (giveWay) await giveWay();
  if (rules.isMain) warnOfUpdated(definition, draft as KubeObject, old, options);

  const reserve = rules.isMain ? definition.reserve?.(draft as Draft<KubeObject>, old, context) : undefined;
  return reserving(reserve, async () => {
    await options.admission?.validate?.(draft as KubeObject, old);
    if (isReleased(definition, draft, old)) return release(writer, current, draft, context);
    const ordered = cache.encoding.ordered(draft);
    if (giveWay) await giveWay();
    if (sameObject(ordered, old)) return { written: false, value: { object: current, created: false } };
    if (giveWay) await readied(ordered, giveWay);
    const object = encode(writer, key, current.storeKey, ordered);
    if (giveWay) await giveWay();
    if (context.dryRun) return { written: false, value: { object: object.freeze(current.revision), created: false } };
    const outcome = await put(writer, object, current.revision);
    return { written: outcome.ok, value: outcome.ok ? { object, created: false } : undefined };
  });
}

/** Does of a large object beforehand, piece by piece, what writing it down and holding it would do at once. */
async function readied(ordered: AnyDraft, giveWay: GiveWay): Promise<void> {
  const { metadata, ...rest } = ordered;
  for (const part of [...Object.values(metadata), ...Object.values(rest)]) {
    if (typeof part !== "object") continue;
    deepFreeze(part);
    await giveWay();
  }
  // Texts of sets are kept.
  if (metadata.managedFields) entriesJson(metadata.managedFields);
  await giveWay();
}

/** The last that held a deleted object is gone: it goes with this update, which answers with the object as sent. */
async function release(writer: Writer, current: Stored, draft: AnyDraft, context: WriteContext) {
  const object = unstored(writer, current.key, draft, current.revision);
  if (context.dryRun) return { written: false, value: { object, created: false } };
  const outcome = await remove(writer, current.storeKey, current.revision);
  return { written: outcome.ok, value: outcome.ok ? { object, created: false } : undefined };
}
