import { draftOf, schemaOf, withNulls, type AnyDraft, type KubeObject } from "#objects";
import type { ResolvedResource, StoredObject } from "#registry";
import { asStored } from "./computed.ts";
import { namingOf, storageApiVersion } from "./target.ts";

/** Conversions that were made, for as long as the stored object lives: a list and many watches want the same. */
const converted = new WeakMap<StoredObject, Map<string, StoredObject>>();

/** Whether the version that was asked for is the one that is stored. */
export function isStorageVersion(target: ResolvedResource): boolean {
  return namingOf(target).apiVersion === storageApiVersion(target.resource.definition);
}

/** A stored object in the version that was asked for. */
export function fromStorage(target: ResolvedResource, stored: StoredObject): StoredObject {
  if (isStorageVersion(target)) return stored;
  const { apiVersion } = namingOf(target);
  let versions = converted.get(stored);
  if (!versions) converted.set(stored, (versions = new Map()));
  let found = versions.get(apiVersion);
  if (!found) {
    found = asStored(
      withNulls(
        draftFromStorage(target, draftOf(stored.object) as AnyDraft) as KubeObject,
        schemaOf(target.version.schema),
      ),
      stored,
    );
    versions.set(apiVersion, found);
  }
  return found;
}

/** A draft of a stored object, in the version that was asked for. */
export function draftFromStorage(target: ResolvedResource, draft: AnyDraft): AnyDraft {
  if (isStorageVersion(target)) return draft;
  const object = target.version.fromStorage ? target.version.fromStorage(draft) : draft;
  object.apiVersion = namingOf(target).apiVersion;
  return object;
}

/** A draft in the version that was asked for, in the one that is stored. */
export function toStorage(target: ResolvedResource, draft: AnyDraft): AnyDraft {
  if (isStorageVersion(target)) return draft;
  const object = target.version.toStorage ? target.version.toStorage(draft) : draft;
  object.apiVersion = storageApiVersion(target.resource.definition);
  return object;
}
