/** Updating objects, in the order of upstream's generic registry (Store.Update, rest.BeforeUpdate). */
import {
  nextGeneration,
  conflict,
  invalid,
  invalidObject,
  notFoundError,
  plainError,
  validateObjectMeta,
  validateObjectMetaUpdate,
  type AnyDraft,
  type Draft,
  type FieldError,
  type KubeObject,
  type ObjectKey,
} from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { Change, Preconditions, UpdateOptions } from "../contract.ts";
import type { ResourceDefinition, UpdateSubresource, WriteContext } from "../definition.ts";
import { ROOT, storeKey } from "../keys.ts";
import { createPrepared, mutateNew, reserving, takenError } from "./create.ts";
import { isReleased } from "./deletion.ts";
import { sameObject, sameSpec } from "./equality.ts";
import { storagePrecondition, subjectOf } from "./errors.ts";
import { recordWrite } from "./managed-fields.ts";
import { dedupeOwners, keepSystemFields, settleNamespace, wipeSystemFields } from "./metadata.ts";
import { revisionProblem } from "./options.ts";
import { resetForStatusUpdate, resetForUpdate } from "./reset-fields.ts";
import { contextOf, encode, put, remove, unstored, type Writer } from "./writer.ts";

export interface Updated {
  readonly object: Stored;
  readonly created: boolean;
}

export async function update(writer: Writer, key: ObjectKey, change: Change, options: UpdateOptions): Promise<Updated> {
  for (;;) {
    await writer.cache.ready();
    const current = writer.cache.get(key);
    const updated = current
      ? await updateExisting(writer, current, change, options)
      : await createByUpdate(writer, key, change, options);
    // Undefined: somebody else wrote in between. What the change makes of that is its own affair.
    if (updated) return updated;
  }
}

async function createByUpdate(
  writer: Writer,
  key: ObjectKey,
  change: Change,
  options: UpdateOptions,
): Promise<Updated | undefined> {
  const { definition } = writer;
  if (!definition.createsOnUpdate && !options.createsAbsent) {
    throw notFoundError(subjectOf(definition), key.name);
  }
  checkPreconditions(writer, key, undefined, options.preconditions);
  const draft = await change(undefined);
  definition.applyDefaults?.(draft as Draft<KubeObject>);
  if (!options.applied) await recordWrite(definition, draft, undefined, options, writer.clock.now());
  await mutateNew(definition, draft, options);
  wipeSystemFields(draft.metadata);
  delete draft.metadata.resourceVersion;
  settleNamespace(draft.metadata, key.namespace);
  const creation = await createPrepared(writer, draft, options);
  if (creation.ok) return { object: creation.object, created: true };
  if (options.dryRun) throw takenError(writer, key, false);
  return undefined;
}

async function updateExisting(
  writer: Writer,
  current: Stored,
  change: Change,
  options: UpdateOptions,
): Promise<Updated | undefined> {
  const { definition } = writer;
  const { key } = current;
  const old = current.object;
  checkPreconditions(writer, key, current, options.preconditions);

  const draft = await change(old);
  definition.applyDefaults?.(draft as Draft<KubeObject>);
  dedupeOwners(draft.metadata, "in the request", options.warn);
  if (!options.applied) await recordWrite(definition, draft, old, options, writer.clock.now());
  if (options.admission?.mutate) {
    await options.admission.mutate(draft, old);
    definition.applyDefaults?.(draft as Draft<KubeObject>);
    dedupeOwners(draft.metadata, "after mutating admission", options.warn);
  }
  checkRevision(definition, draft, current);

  const context = contextOf(writer, options);
  const { metadata } = draft;
  settleNamespace(metadata, key.namespace);
  if (old.metadata.generation === undefined) delete metadata.generation;
  else metadata.generation = old.metadata.generation;
  const errors = prepare(definition, draft, old, options.subresource, context);
  if (errors.length > 0) throw invalidObject(definition.group, definition.kind, metadata.name ?? "", errors);
  // Of what a subresource may not change nothing is said.
  const warnings = isMain(options.subresource) ? definition.warnings?.(draft as KubeObject, old) : undefined;
  for (const text of warnings ?? []) options.warn?.(text);
  warnOfCaveats(definition, draft as KubeObject, old, options);

  const reserve =
    definition.reserve && isMain(options.subresource)
      ? definition.reserve(draft as Draft<KubeObject>, old, context)
      : undefined;
  return reserving(reserve, async () => {
    await options.admission?.validate?.(draft as KubeObject, old);
    if (isReleased(definition, draft, old)) return release(writer, current, draft, context);
    if (sameObject(writer.cache.encoding.ordered(draft), old)) {
      return { written: false, value: { object: current, created: false } };
    }
    const object = encode(writer, key, current.storeKey, draft);
    if (context.dryRun) {
      return { written: false, value: { object: object.freeze(current.revision), created: false } };
    }
    const outcome = await put(writer, object, current.revision);
    return { written: outcome.ok, value: outcome.ok ? { object, created: false } : undefined };
  });
}

/** The last that held a deleted object is gone: it goes with this update, which answers with the object as sent. */
async function release(writer: Writer, current: Stored, draft: AnyDraft, context: WriteContext) {
  const object = unstored(writer, current.key, draft, current.revision);
  if (context.dryRun) return { written: false, value: { object, created: false } };
  const outcome = await remove(writer, current.storeKey, current.revision);
  return { written: outcome.ok, value: outcome.ok ? { object, created: false } : undefined };
}

/** Puts back what this kind of update may not touch, and says what is wrong with the rest. */
function prepare(
  definition: ResourceDefinition,
  draft: AnyDraft,
  old: KubeObject,
  subresource: string | undefined,
  context: WriteContext,
): FieldError[] {
  const typed = draft as Draft<KubeObject>;
  const part = partOf(definition, subresource);
  if (part) {
    part.prepareForUpdate(typed, old, context);
  } else if (subresource === "status") {
    resetForStatusUpdate(definition, draft, old);
    definition.prepareForStatusUpdate?.(typed, old, context);
  } else {
    resetForUpdate(definition, draft, old);
    definition.prepareForUpdate?.(typed, old, context);
  }
  const { metadata } = draft;
  if (
    definition.hasGeneration &&
    part?.counts !== false &&
    metadata.generation === old.metadata.generation &&
    !sameSpec(draft, old)
  ) {
    metadata.generation = nextGeneration(old.metadata.generation ?? 0);
  }
  keepSystemFields(metadata, old.metadata);

  const object = draft as KubeObject;
  const errors = [
    ...validateObjectMeta(metadata, {
      namespaced: definition.namespaced,
      ...(definition.nameErrors ? { nameErrors: definition.nameErrors } : {}),
    }),
    ...validateObjectMetaUpdate(metadata, old.metadata),
  ];
  if (part) errors.push(...(part.validateUpdate?.(object, old, context) ?? []));
  else if (subresource === "status") errors.push(...(definition.validateStatusUpdate?.(object, old, context) ?? []));
  else {
    errors.push(...(definition.validate?.(object, context) ?? []));
    errors.push(...(definition.validateUpdate?.(object, old, context) ?? []));
  }
  return errors;
}

/** The rules of an update that goes by way of a subresource, if that has its own. */
interface Part extends Pick<UpdateSubresource<KubeObject>, "prepareForUpdate" | "validateUpdate"> {
  /** Whether it can make a new generation. */
  readonly counts: boolean;
}

function partOf(definition: ResourceDefinition, subresource: string | undefined): Part | undefined {
  const found = subresource === undefined ? undefined : definition.subresources?.[subresource];
  if (found?.type === "update") return { ...found, counts: true };
  return found?.type === "create" && found.parentUpdate ? { ...found.parentUpdate, counts: false } : undefined;
}

/** An apply tells all of them, another update those that it brings. */
function warnOfCaveats(
  { caveats }: ResourceDefinition,
  object: KubeObject,
  old: KubeObject,
  { warn, applied, subresource }: UpdateOptions,
): void {
  if (!warn || !caveats || !isMain(subresource)) return;
  const texts = caveats(object);
  if (texts.length === 0) return;
  const known = applied ? [] : caveats(old);
  for (const text of texts) if (!known.includes(text)) warn(text);
}

/** Whether it is the object itself that is written, be it by way of its scale. */
const isMain = (subresource: string | undefined) => subresource === undefined || subresource === "scale";

/** Throws 409 when the object is not the one that the request is meant for. */
function checkPreconditions(
  { definition, cache }: Writer,
  key: ObjectKey,
  current: Stored | undefined,
  preconditions: Preconditions | undefined,
): void {
  if (!preconditions) return;
  const { uid, resourceVersion } = preconditions;
  const metadata = current?.object.metadata;
  const refuse = (what: "UID" | "ResourceVersion", wanted: string, found: string) =>
    conflict(
      subjectOf(definition),
      key.name,
      storagePrecondition(storeKey(cache.prefix, key).slice(ROOT.length - 1), what, wanted, found),
    );
  if (uid !== undefined && uid !== (metadata?.uid ?? "")) throw refuse("UID", uid, metadata?.uid ?? "");
  if (resourceVersion !== undefined && resourceVersion !== (metadata?.resourceVersion ?? "")) {
    throw refuse("ResourceVersion", resourceVersion, metadata?.resourceVersion ?? "");
  }
}

/**
 * Throws 409 for a draft of another revision, 422 for one without where it is asked for and 500, as upstream, for one
 * that is no number; fills it in elsewhere.
 */
function checkRevision(definition: ResourceDefinition, draft: AnyDraft, current: Stored): void {
  const text = draft.metadata.resourceVersion ?? "";
  const { name } = current.key;
  if (text === "" || text === "0") {
    if (definition.requiresResourceVersionOnUpdate ?? true) {
      throw invalidObject(definition.group, definition.resource, name, [
        invalid("metadata.resourceVersion", 0, "must be specified for an update"),
      ]);
    }
  } else {
    const problem = revisionProblem(text);
    if (problem) throw plainError(problem);
    if (text !== String(current.revision)) throw conflict(subjectOf(definition), name);
  }
  draft.metadata.resourceVersion = String(current.revision);
}
