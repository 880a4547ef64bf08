/** Creating objects, in the order of upstream's generic registry (Store.create, rest.BeforeCreate). */
import {
  alreadyExists,
  invalidObject,
  StatusError,
  validateObjectMeta,
  type AnyDraft,
  type Draft,
  type KubeObject,
  type ObjectKey,
} from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { WriteOptions } from "../contract.ts";
import type { Reservation, ResourceDefinition, WriteContext } from "../definition.ts";
import { storeKey } from "../keys.ts";
import { generatedNameTaken, resourceVersionOnCreate, subjectOf } from "./errors.ts";
import { recordWrite } from "./managed-fields.ts";
import { revisionProblem } from "./options.ts";
import {
  dedupeOwners,
  fillSystemFields,
  generatedName,
  settleNamespace,
  SUFFIX_LENGTH,
  wipeSystemFields,
} from "./metadata.ts";
import { contextOf, encode, put, unstored, type Writer } from "./writer.ts";

/** Upstream tries so many generated names before it gives up. */
const NAME_ATTEMPTS = 8;

export async function create(writer: Writer, draft: AnyDraft, options: WriteOptions): Promise<Stored> {
  await writer.cache.ready();
  draft.metadata ??= {} as AnyDraft["metadata"];
  wipeSystemFields(draft.metadata);
  dedupeOwners(draft.metadata, "in the request", options.warn);
  await recordWrite(writer.definition, draft, undefined, options, writer.clock.now());
  await mutateNew(writer.definition, draft, options);
  const claim = claimName(writer, draft.metadata);
  try {
    const outcome = await createPrepared(writer, draft, options);
    if (outcome.ok) return outcome.object;
    throw takenError(writer, outcome.key, claim !== undefined);
  } finally {
    if (claim !== undefined) writer.claimed.delete(claim);
  }
}

/** Mutating admission of a new object, and defaults for what it brought. */
export async function mutateNew(definition: ResourceDefinition, draft: AnyDraft, options: WriteOptions): Promise<void> {
  if (!options.admission?.mutate) return;
  await options.admission.mutate(draft, undefined);
  definition.applyDefaults?.(draft as Draft<KubeObject>);
  dedupeOwners(draft.metadata, "after mutating admission", options.warn);
}

export type Creation = { readonly ok: true; readonly object: Stored } | { readonly ok: false; readonly key: ObjectKey };

/** From the mutated draft to the committed object; not ok when there is one of that name already. */
export async function createPrepared(writer: Writer, draft: AnyDraft, options: WriteOptions): Promise<Creation> {
  const { definition, cache, random } = writer;
  const context = contextOf(writer, options);
  const { metadata } = draft;
  fillSystemFields(metadata, random.uuid(), context.now);
  settleNamespace(metadata, definition.namespaced ? (metadata.namespace ?? "") : "");
  if (definition.hasStatus && !definition.acceptsStatusOnCreate) delete draft.status;
  if (definition.hasGeneration) metadata.generation = 1;
  definition.prepareForCreate?.(draft as Draft<KubeObject>, context);
  checkNew(definition, draft as KubeObject, context);
  for (const text of definition.warnings?.(draft as KubeObject, undefined) ?? []) options.warn?.(text);
  for (const text of definition.caveats?.(draft as KubeObject) ?? []) options.warn?.(text);

  const key: ObjectKey = { namespace: metadata.namespace ?? "", name: metadata.name! };
  const at = storeKey(cache.prefix, key);
  return reserving(definition.reserve?.(draft as Draft<KubeObject>, undefined, context), async () => {
    await options.admission?.validate?.(draft as KubeObject, undefined);
    if (namesRevision(metadata.resourceVersion)) throw resourceVersionOnCreate();
    delete metadata.resourceVersion;
    if (context.dryRun) {
      return {
        written: false,
        value: cache.getByStoreKey(at) ? { ok: false, key } : { ok: true, object: unstored(writer, key, draft) },
      };
    }
    const object = encode(writer, key, at, draft);
    const outcome = await put(writer, object, 0);
    return { written: outcome.ok, value: outcome.ok ? { ok: true, object } : { ok: false, key } };
  });
}

/** Whether a new object claims to be a revision already. What is no number, or is 0, does not count (etcd3 Create). */
const namesRevision = (resourceVersion: string | undefined): boolean =>
  !!resourceVersion && revisionProblem(resourceVersion) === undefined && !/^0+$/.test(resourceVersion);

/** Runs a write that needs what was reserved; it is given back when nothing was written. */
export async function reserving<T>(
  reserve: Promise<Reservation | undefined> | undefined,
  write: () => Promise<{ readonly written: boolean; readonly value: T }>,
): Promise<T> {
  const reservation = await reserve;
  let written = false;
  try {
    const result = await write();
    ({ written } = result);
    return result.value;
  } finally {
    if (written) reservation?.done?.();
    else reservation?.undo();
  }
}

/** Throws 422 with everything that is wrong with a new object. */
function checkNew(definition: ResourceDefinition, object: KubeObject, context: WriteContext): void {
  const errors = [
    ...validateObjectMeta(object.metadata, {
      namespaced: definition.namespaced,
      ...(definition.nameErrors ? { nameErrors: definition.nameErrors } : {}),
    }),
    ...(definition.validate?.(object, context) ?? []),
    ...(definition.validateCreate?.(object, context) ?? []),
  ];
  if (errors.length > 0) throw invalidObject(definition.group, definition.kind, object.metadata.name ?? "", errors);
}

/**
 * Picks a free name for a draft that leaves it to the server. What is picked is claimed until the write is over,
 * so that two of them cannot meet. Returns the claimed key.
 */
function claimName(writer: Writer, metadata: AnyDraft["metadata"]): string | undefined {
  const { cache, claimed, definition, random } = writer;
  if (metadata.name || !metadata.generateName) return undefined;
  const namespace = definition.namespaced ? (metadata.namespace ?? "") : "";
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    metadata.name = generatedName(metadata.generateName, random.suffix(SUFFIX_LENGTH));
    const key = storeKey(cache.prefix, { namespace, name: metadata.name });
    if (cache.getByStoreKey(key) || claimed.has(key)) continue;
    claimed.add(key);
    return key;
  }
  throw generatedNameTaken(subjectOf(definition), metadata.name!);
}

/** 409: there is one of that name. */
export function takenError({ definition, cache }: Writer, key: ObjectKey, generated: boolean): StatusError {
  const subject = subjectOf(definition);
  const error = generated ? generatedNameTaken(subject, key.name) : alreadyExists(subject, key.name);
  const existing = cache.get(key);
  if (!existing?.object.metadata.deletionTimestamp) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` });
}
