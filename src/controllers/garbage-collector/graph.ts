import type { KubeObject, OwnerReference, ResourceType } from "#objects";

/** How an object is found at the API. */
export interface Identity {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One object, as far as ownership goes. */
export interface GraphNode {
  readonly identity: Identity;
  readonly owners: readonly OwnerReference[];
  readonly beingDeleted: boolean;
  /** Deleted in the foreground: it waits for its dependents. */
  readonly deletingDependents: boolean;
  /** Deleted with its dependents to be kept: they are to be released first. */
  readonly orphaning: boolean;
}

/** What a change of the graph asks to be looked at, by uid. */
export interface Wake {
  readonly attemptToDelete: readonly string[];
  readonly attemptToOrphan: readonly string[];
}

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

/** An object's node (upstream garbagecollector graph_builder.go). */
export function nodeOf(type: ResourceType, object: KubeObject): GraphNode {
  const {
    namespace = "",
    name = "",
    uid = "",
    ownerReferences = [],
    deletionTimestamp,
    finalizers = [],
  } = object.metadata;
  const beingDeleted = deletionTimestamp !== undefined;
  return {
    identity: { type, namespace, name, uid },
    owners: ownerReferences,
    beingDeleted,
    deletingDependents: beingDeleted && finalizers.includes(FOREGROUND),
    orphaning: beingDeleted && finalizers.includes(ORPHAN),
  };
}

/**
 * Who owns whom, over all kinds, kept up to date by every change. An owner that nobody has seen has dependents
 * all the same: whether it exists is asked at the API.
 */
export interface OwnershipGraph {
  get(uid: string): GraphNode | undefined;
  dependents(uid: string): readonly GraphNode[];
  put(node: GraphNode): Wake;
  remove(uid: string): Wake;
  readonly size: number;
}

/** Makes an empty {@link OwnershipGraph}. */
export function createOwnershipGraph(): OwnershipGraph {
  const nodes = new Map<string, GraphNode>();
  const dependentsOf = new Map<string, Set<string>>();

  const link = (owner: string, dependent: string) => {
    const known = dependentsOf.get(owner);
    if (known) known.add(dependent);
    else dependentsOf.set(owner, new Set([dependent]));
  };
  const unlink = (owner: string, dependent: string) => {
    const known = dependentsOf.get(owner);
    known?.delete(dependent);
    if (known?.size === 0) dependentsOf.delete(owner);
  };

  return {
    get: (uid) => nodes.get(uid),
    dependents: (uid) => [...(dependentsOf.get(uid) ?? [])].flatMap((dependent) => nodes.get(dependent) ?? []),
    get size() {
      return nodes.size;
    },
    put(node) {
      const { uid } = node.identity;
      const before = nodes.get(uid);
      nodes.set(uid, node);
      const attemptToDelete: string[] = [];
      if (before?.owners !== node.owners) {
        const now = new Set(node.owners.map((owner) => owner.uid));
        for (const owner of before?.owners ?? []) {
          const next = node.owners.find((candidate) => candidate.uid === owner.uid);
          if (!now.has(owner.uid)) unlink(owner.uid, uid);
          // An owner that waits for its dependents waits for this one no longer.
          if (!next || (owner.blockOwnerDeletion && !next.blockOwnerDeletion)) {
            if (nodes.get(owner.uid)?.deletingDependents) attemptToDelete.push(owner.uid);
          }
        }
        for (const owner of now) {
          link(owner, uid);
          const ownerNode = nodes.get(owner);
          // An owner unknown here may be long gone; one on its way out takes new dependents along.
          if (!before && (!ownerNode || ownerNode.deletingDependents)) attemptToDelete.push(uid);
          else if (before && !before.owners.some((reference) => reference.uid === owner)) attemptToDelete.push(uid);
        }
      }
      if (node.deletingDependents && !before?.deletingDependents) {
        attemptToDelete.push(...(dependentsOf.get(uid) ?? []), uid);
      }
      const attemptToOrphan = node.orphaning && !before?.orphaning ? [uid] : [];
      return { attemptToDelete, attemptToOrphan };
    },
    remove(uid) {
      const node = nodes.get(uid);
      nodes.delete(uid);
      for (const owner of node?.owners ?? []) unlink(owner.uid, uid);
      const waitingOwners = (node?.owners ?? [])
        .map((owner) => owner.uid)
        .filter((owner) => nodes.get(owner)?.deletingDependents);
      return { attemptToDelete: [...(dependentsOf.get(uid) ?? []), ...waitingOwners], attemptToOrphan: [] };
    },
  };
}
