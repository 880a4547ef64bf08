import type { KubeObject, OwnerReference } from "#objects";
import { FOREGROUND, ORPHAN, type GraphNode } from "./graph.ts";

/** What the API says of an owner: there, there but waiting for its dependents to go, or not there. */
export type OwnerState = "solid" | "waiting" | "absent";

export type Action =
  | { readonly type: "nothing" }
  /** Take these owners out of the object's references. */
  | { readonly type: "drop-owners"; readonly uids: readonly string[] }
  /** Stop blocking owners (a ring that waits for itself), then delete in the foreground. */
  | { readonly type: "unblock-and-delete" }
  | { readonly type: "delete"; readonly policy: "Background" | "Foreground" | "Orphan" }
  | { readonly type: "remove-finalizer"; readonly finalizer: string }
  /** Look at these dependents: they hold the object back. */
  | { readonly type: "attempt"; readonly uids: readonly string[] };

export interface CollectView {
  /** As the API has it now. */
  readonly object: KubeObject;
  readonly node: GraphNode;
  readonly dependents: readonly GraphNode[];
  /** By uid of each owner reference. */
  readonly owners: ReadonlyMap<string, OwnerState>;
}

/** Whether a dependent holds back the foreground deletion of the owner. */
const blocks = (dependent: GraphNode, owner: string) =>
  dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true);

/**
 * What garbage collection does to one object (upstream attemptToDeleteItem): an object goes when none of its
 * owners is left; while one is, references to the others are dropped.
 */
export function planCollect({ object, node, dependents, owners }: CollectView): Action {
  const { uid = "", ownerReferences = [], finalizers = [] } = object.metadata;
  if (node.deletingDependents) {
    const blocking = dependents.filter((dependent) => blocks(dependent, uid));
    if (blocking.length === 0) {
      return finalizers.includes(FOREGROUND)
        ? { type: "remove-finalizer", finalizer: FOREGROUND }
        : { type: "nothing" };
    }
    return {
      type: "attempt",
      uids: blocking.filter((dependent) => !dependent.deletingDependents).map(({ identity }) => identity.uid),
    };
  }
  // Its deletion has begun already, and nothing here has to be waited for.
  if (node.beingDeleted || ownerReferences.length === 0) return { type: "nothing" };

  const inState = (state: OwnerState) =>
    ownerReferences.filter((reference: OwnerReference) => owners.get(reference.uid) === state);
  const absent = inState("absent");
  const waiting = inState("waiting");
  if (inState("solid").length > 0) {
    const uids = [...absent, ...waiting].map((reference) => reference.uid);
    return uids.length > 0 ? { type: "drop-owners", uids } : { type: "nothing" };
  }
  if (waiting.length > 0 && dependents.length > 0) {
    return dependents.some((dependent) => dependent.deletingDependents)
      ? { type: "unblock-and-delete" }
      : { type: "delete", policy: "Foreground" };
  }
  if (finalizers.includes(ORPHAN)) return { type: "delete", policy: "Orphan" };
  return { type: "delete", policy: finalizers.includes(FOREGROUND) ? "Foreground" : "Background" };
}
