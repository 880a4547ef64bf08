import type { KubeObject, OwnerReference } from "#objects";
import type { Plan } from "../framework/definition.ts";
import { FOREGROUND, ORPHAN, type GraphNode } from "./graph.ts";

/**
 * What an owner reference is worth: its owner is there; is there but waits for its dependents to go; is not there; or
 * is of a kind that lives in namespaces, while the dependent does not.
 */
export type OwnerState = "solid" | "waiting" | "absent" | "invalid";

export type CollectStep =
  /** Take every reference with these uids out of the object. */
  | { readonly type: "drop-owners"; readonly uids: readonly string[] }
  /** Let no reference of the object block its owner. */
  | { readonly type: "unblock-owners" }
  | { readonly type: "delete"; readonly policy: "Background" | "Foreground" | "Orphan" }
  | { readonly type: "remove-finalizer"; readonly finalizer: string }
  /** Look at these dependents: they hold the object back. */
  | { readonly type: "attempt"; readonly uids: readonly string[] };

export interface CollectView {
  /** As the API has it now. */
  readonly object: KubeObject;
  readonly node: GraphNode;
  readonly dependents: readonly GraphNode[];
  /** Of each of the object's owner references, in their order. Empty when the node waits for its dependents. */
  readonly owners: readonly OwnerState[];
}

/** Whether a dependent holds back the foreground deletion of the owner. */
const blocks = (dependent: GraphNode, owner: string) =>
  dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true);

const nothing = (because: string): Plan<CollectStep> => ({ steps: [], because });
const one = (step: CollectStep, because: string): Plan<CollectStep> => ({ steps: [step], because });

/**
 * What garbage collection does to one object (upstream attemptToDeleteItem): an object goes when none of its
 * owners is left; while one is, references to the others are dropped.
 */
export function planCollect(view: CollectView): Plan<CollectStep> {
  const { object, node, dependents, owners } = view;
  const { ownerReferences = [], finalizers = [] } = object.metadata;
  if (node.deletingDependents) return planForeground(view);
  if (node.beingDeleted) return nothing("its deletion has begun, and nothing here is to be waited for");
  if (ownerReferences.length === 0) return nothing("it has no owner");
  if (owners.includes("invalid")) return nothing("it is cluster-scoped and names a namespaced owner");

  const inState = (state: OwnerState) =>
    ownerReferences.filter((_: OwnerReference, at: number) => owners[at] === state).map(({ uid }) => uid);
  const absent = inState("absent");
  const waiting = inState("waiting");
  if (owners.includes("solid")) {
    const uids = [...absent, ...waiting];
    return uids.length > 0
      ? one({ type: "drop-owners", uids }, "one owner is left, others are gone or going")
      : nothing("its owners are there");
  }
  if (waiting.length > 0 && dependents.length > 0) {
    const because = "an owner waits for it, and it has dependents itself";
    const deletion: CollectStep = { type: "delete", policy: "Foreground" };
    // One of its dependents waits too: it may be a ring, which would wait for itself.
    return dependents.some((dependent) => dependent.deletingDependents)
      ? { steps: [{ type: "unblock-owners" }, deletion], because: `${because} that wait` }
      : one(deletion, because);
  }
  const because = waiting.length > 0 ? "an owner waits for it" : "none of its owners is left";
  if (finalizers.includes(ORPHAN)) return one({ type: "delete", policy: "Orphan" }, because);
  return one({ type: "delete", policy: finalizers.includes(FOREGROUND) ? "Foreground" : "Background" }, because);
}

function planForeground({ object, node, dependents }: CollectView): Plan<CollectStep> {
  const blocking = dependents.filter((dependent) => blocks(dependent, node.coordinates.uid));
  if (blocking.length === 0) {
    return object.metadata.finalizers?.includes(FOREGROUND)
      ? one({ type: "remove-finalizer", finalizer: FOREGROUND }, "no dependent blocks it any longer")
      : nothing("its finalizer is gone already");
  }
  const uids = blocking
    .filter(({ deletingDependents }) => !deletingDependents)
    .map(({ coordinates }) => coordinates.uid);
  const because = `${blocking.length} dependents block it`;
  return uids.length > 0 ? one({ type: "attempt", uids }, because) : nothing(because);
}

/** Whether a dependent is to forget the owner that leaves it behind (upstream orphanDependents). */
export function planRelease({ metadata }: KubeObject, owner: string): Plan<CollectStep> {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner)
    ? one({ type: "drop-owners", uids: [owner] }, "its owner leaves it behind")
    : nothing("it does not name the owner any more");
}

/** Lets an object go that has left all of its dependents behind. */
export function planLetGo({ metadata }: KubeObject): Plan<CollectStep> {
  return metadata.finalizers?.includes(ORPHAN)
    ? one({ type: "remove-finalizer", finalizer: ORPHAN }, "its dependents are left behind")
    : nothing("it does not wait for its dependents any more");
}
