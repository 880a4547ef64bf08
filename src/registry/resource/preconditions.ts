/** Whether an object is the one, and of the revision, that a request is meant for. */
import { conflict, invalid, invalidObject, plainError, type AnyDraft, type ObjectKey } from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { Preconditions } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { ROOT, storeKey } from "../keys.ts";
import { storagePrecondition, subjectOf } from "./errors.ts";
import { revisionProblem } from "./resource-version.ts";
import type { Writer } from "./writer.ts";

/** Throws 409 when the object is not the one that the request is meant for. */
export function checkPreconditions(
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
export function checkRevision(definition: ResourceDefinition, draft: AnyDraft, current: Stored): void {
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

/** Whether a new object claims to be a revision already. What is no number, or is 0, does not count (etcd3 Create). */
export const namesRevision = (resourceVersion: string | undefined): boolean =>
  !!resourceVersion && revisionProblem(resourceVersion) === undefined && !/^0+$/.test(resourceVersion);
