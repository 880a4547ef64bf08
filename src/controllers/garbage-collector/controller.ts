import { groupResource, hasReason, type KubeObject, type OwnerReference, type ResourceType } from "#objects";
import { defineController, type ControllerContext, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import {
  createOwnershipGraph,
  nodeOf,
  ORPHAN,
  type GraphNode,
  type Identity,
  type OwnershipGraph,
  type Wake,
} from "./graph.ts";
import { planCollect, type Action, type OwnerState } from "./plan.ts";

export interface GarbageCollectorOptions {
  /** Every kind that can be listed, watched and deleted: the ones that may own or be owned. */
  readonly types: () => readonly ResourceType[];
  /** Calls back when {@link types} changed. */
  readonly onTypesChange: (listener: () => void) => () => void;
}

const DELETE = "delete:";
const ORPHANS = "orphan:";

/** Deletes what has lost all of its owners, and sees foreground and orphaning deletions through. */
export function garbageCollector(options: GarbageCollectorOptions): ControllerDefinition {
  const graph = createOwnershipGraph();
  return defineController({
    name: "garbage-collector-controller",
    // The kinds are not known beforehand: they are watched as they come, in `start`.
    watches: [],
    concurrency: 20,
    start(context) {
      const watched = new Set<string>();
      const wake = ({ attemptToDelete, attemptToOrphan }: Wake) => {
        for (const uid of attemptToDelete) context.enqueue(DELETE + uid);
        for (const uid of attemptToOrphan) context.enqueue(ORPHANS + uid);
      };
      const watchAll = () => {
        for (const type of options.types()) {
          if (watched.has(groupResource(type))) continue;
          watched.add(groupResource(type));
          const unsubscribe = context.caches.of(type).subscribe((change) => {
            wake(
              change.type === "deleted"
                ? graph.remove(change.object.metadata.uid ?? "")
                : graph.put(nodeOf(type, change.object)),
            );
          });
          context.signal.addEventListener("abort", unsubscribe, { once: true });
        }
      };
      watchAll();
      context.signal.addEventListener("abort", options.onTypesChange(watchAll), { once: true });
    },
    async sync(key, context) {
      if (key.startsWith(DELETE)) await attemptToDelete(graph, graph.get(key.slice(DELETE.length)), options, context);
      else await attemptToOrphan(graph, graph.get(key.slice(ORPHANS.length)), context);
    },
  });
}

/** The object as it is now; undefined when it is gone, or another one has its name. */
async function live(
  { client }: ControllerContext,
  { type, namespace, name, uid }: Identity,
): Promise<KubeObject | undefined> {
  try {
    const object = await client.get(type, { namespace, name });
    return object.metadata.uid === uid ? object : undefined;
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}

async function attemptToDelete(
  graph: OwnershipGraph,
  node: GraphNode | undefined,
  options: GarbageCollectorOptions,
  context: ControllerContext,
): Promise<void> {
  if (!node || (node.beingDeleted && !node.deletingDependents)) return;
  const object = await live(context, node.identity);
  if (!object) return;
  const types = options.types();
  const owners = new Map<string, OwnerState>();
  if (!node.deletingDependents) {
    for (const reference of object.metadata.ownerReferences ?? []) {
      owners.set(reference.uid, await ownerState(graph, reference, node.identity, types, context));
    }
  }
  const dependents = graph.dependents(node.identity.uid);
  const action = planCollect({ object, node, dependents, owners });
  await carryOut(action, object, node.identity, context);
}

/** Asks the graph first: an owner that is watched and known needs no question to the API. */
async function ownerState(
  graph: OwnershipGraph,
  reference: OwnerReference,
  dependent: Identity,
  types: readonly ResourceType[],
  context: ControllerContext,
): Promise<OwnerState> {
  const slash = reference.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : reference.apiVersion.slice(0, slash);
  const type = types.find((candidate) => candidate.group === group && candidate.kind === reference.kind);
  // A kind that is not served (yet) may come back with its objects: nothing is deleted on a guess.
  if (!type) {
    throw new Error(`unable to get REST mapping for ${reference.apiVersion}/${reference.kind}.`);
  }
  const known = graph.get(reference.uid);
  if (known) {
    const elsewhere = type.namespaced && known.identity.namespace !== dependent.namespace;
    if (!elsewhere) return known.deletingDependents ? "waiting" : "solid";
  }
  // A namespaced owner must live beside its dependents; a cluster-scoped object cannot have one.
  if (type.namespaced && dependent.namespace === "") return "absent";
  const namespace = type.namespaced ? dependent.namespace : "";
  const owner = await live(context, { type, namespace, name: reference.name, uid: reference.uid });
  if (!owner) return "absent";
  return nodeOf(type, owner).deletingDependents ? "waiting" : "solid";
}

async function carryOut(
  action: Action,
  object: KubeObject,
  identity: Identity,
  context: ControllerContext,
): Promise<void> {
  const { client } = context;
  const { type, namespace, name, uid } = identity;
  const key = { namespace, name };
  switch (action.type) {
    case "nothing":
      return;
    case "attempt":
      for (const dependent of action.uids) context.enqueue(DELETE + dependent);
      return;
    case "drop-owners": {
      const keep = (object.metadata.ownerReferences ?? []).filter((reference) => !action.uids.includes(reference.uid));
      await patchMetadata(context, identity, object, { ownerReferences: keep });
      return;
    }
    case "remove-finalizer": {
      const finalizers = (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== action.finalizer);
      await patchMetadata(context, identity, object, { finalizers });
      return;
    }
    case "unblock-and-delete": {
      const unblocked = (object.metadata.ownerReferences ?? []).map((reference) =>
        reference.blockOwnerDeletion ? { ...reference, blockOwnerDeletion: false } : reference,
      );
      await patchMetadata(context, identity, object, { ownerReferences: unblocked });
      await unlessGone(client.delete(type, key, { propagationPolicy: "Foreground", preconditions: { uid } }));
      return;
    }
    case "delete":
      await unlessGone(
        client.delete(type, key, {
          propagationPolicy: action.policy,
          // An owner may have been added meanwhile: then the object must be looked at again.
          preconditions: { uid, resourceVersion: object.metadata.resourceVersion ?? "" },
        }),
      );
  }
}

/** Releases all dependents of an object that is to leave them behind, then lets it go. */
async function attemptToOrphan(
  graph: OwnershipGraph,
  node: GraphNode | undefined,
  context: ControllerContext,
): Promise<void> {
  if (!node?.orphaning) return;
  const { uid } = node.identity;
  for (const dependent of graph.dependents(uid)) {
    const object = await live(context, dependent.identity);
    const references = object?.metadata.ownerReferences ?? [];
    if (!object || !references.some((reference) => reference.uid === uid)) continue;
    await patchMetadata(context, dependent.identity, object, {
      ownerReferences: references.filter((reference) => reference.uid !== uid),
    });
  }
  const object = await live(context, node.identity);
  const finalizers = object?.metadata.finalizers ?? [];
  if (object && finalizers.includes(ORPHAN)) {
    await patchMetadata(context, node.identity, object, { finalizers: finalizers.filter((name) => name !== ORPHAN) });
  }
}

/** A merge patch that holds only for this very state of the object. */
async function patchMetadata(
  { client }: ControllerContext,
  { type, namespace, name, uid }: Identity,
  object: KubeObject,
  change: { readonly ownerReferences?: readonly OwnerReference[]; readonly finalizers?: readonly string[] },
): Promise<void> {
  const body = { metadata: { uid, resourceVersion: object.metadata.resourceVersion, ...change } };
  await unlessGone(client.patch(type, { namespace, name }, { type: "merge", body }));
}
