/** What the server itself writes into metadata (apiserver pkg/registry/rest). Pure: time and chance come in. */
import { badRequest, formatTime, type AnyDraft, type KubeObject, type OwnerReference } from "#objects";

type Metadata = AnyDraft["metadata"];

/** Room for the random part in a label value of 63 characters. */
const MAX_GENERATED_BASE = 58;
export const SUFFIX_LENGTH = 5;

/** A new object brings none of these (rest.WipeObjectMetaSystemFields). */
export function wipeSystemFields(metadata: Metadata): void {
  delete metadata.creationTimestamp;
  delete metadata.uid;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** rest.FillObjectMetaSystemFields. `now` in milliseconds since the epoch. */
export function fillSystemFields(metadata: Metadata, uid: string, now: number): void {
  metadata.uid = uid;
  metadata.creationTimestamp = formatTime(now);
}

/** The name that a generateName and a random suffix make (storage/names.SimpleNameGenerator). */
export function generatedName(base: string, suffix: string): string {
  return base.slice(0, MAX_GENERATED_BASE) + suffix;
}

/** Throws 400 when the object names another namespace than the request (rest.EnsureObjectNamespaceMatchesRequestNamespace). */
export function settleNamespace(metadata: Metadata, namespace: string): void {
  if ((metadata.namespace ?? "") === namespace) return;
  if (!metadata.namespace) metadata.namespace = namespace;
  else if (namespace === "") delete metadata.namespace;
  else throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** What an update cannot touch is as it was (rest.BeforeUpdate). */
export function keepSystemFields(metadata: Metadata, old: KubeObject["metadata"]): void {
  if (!metadata.uid) metadata.uid = old.uid!;
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined && metadata.deletionGracePeriodSeconds === undefined) {
    metadata.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds;
  }
}

/** Drops owner references that are there twice, with a warning in upstream's words. */
export function dedupeOwners(
  metadata: Metadata,
  when: "in the request" | "after mutating admission",
  warn: ((text: string) => void) | undefined,
): void {
  const references = metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const kept: OwnerReference[] = [];
  const duplicates: string[] = [];
  const seen = new Set<string>();
  for (const reference of references) {
    const identity = identityOf(reference);
    if (seen.has(identity)) duplicates.push(reference.uid);
    else kept.push(reference);
    seen.add(identity);
  }
  if (duplicates.length === 0) return;
  metadata.ownerReferences = kept as typeof references;
  warn?.(
    `.metadata.ownerReferences contains duplicate entries${when === "in the request" ? "" : " after mutating admission happens"}; ` +
      "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your " +
      `requests; duplicate UID(s) observed: ${duplicates.join(", ")}`,
  );
}

/** References of which all says the same are one. */
const identityOf = ({ uid, name, kind, apiVersion, controller, blockOwnerDeletion }: OwnerReference): string =>
  JSON.stringify([uid, name, kind, apiVersion, controller ?? false, blockOwnerDeletion ?? false]);
