/** Names that the server picks, and what a name that is taken is answered with. */
import { alreadyExists, StatusError, type AnyDraft, type ObjectKey } from "#objects";
import { storeKey } from "../keys.ts";
import { generatedNameTaken, subjectOf } from "./errors.ts";
import { generatedName, SUFFIX_LENGTH } from "./metadata.ts";
import type { Writer } from "./writer.ts";

/** Upstream tries so many generated names before it gives up. */
const NAME_ATTEMPTS = 8;

/**
 * Picks a free name for a draft that leaves it to the server. What is picked is claimed until the write is over,
 * so that two of them cannot meet. Returns the claimed key.
 */
export function claimName(writer: Writer, metadata: AnyDraft["metadata"]): string | undefined {
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
