import { BoundedMap } from "#base";
import { groupVersion, type KubeObject, type OwnerReference, type ResourceType } from "#objects";

/** What tells one object from every other. A reference to it is right when all of these agree. */
export interface Coordinates {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One object, as far as ownership goes. */
export interface GraphNode {
  readonly coordinates: Coordinates;
  /**
   * Whether a watch has shown the object. If not, the node is virtual: a dependent names an owner with this uid, and
   * its coordinates are what the reference says.
   */
  readonly observed: boolean;
  readonly owners: readonly OwnerReference[];
  readonly beingDeleted: boolean;
  /** Deleted in the foreground: it waits for its dependents. */
  readonly deletingDependents: boolean;
  /** Deleted with its dependents to be kept: they are to be released first. */
  readonly orphaning: boolean;
}

/** A reference from one namespace to an owner in another one, or from a cluster-scoped object to a namespaced owner. */
export interface InvalidReference {
  readonly dependent: Coordinates;
  /** What the reference says, taken to be in the namespace of the dependent. */
  readonly owner: Coordinates;
}

/** What a change of the graph asks for: nodes to look at, by uid, and references to report. */
export interface GraphEffects {
  readonly attemptToDelete: readonly string[];
  readonly attemptToOrphan: readonly string[];
  readonly invalidReferences: readonly InvalidReference[];
}

interface Effects {
  readonly attemptToDelete: string[];
  readonly attemptToOrphan: string[];
  readonly invalidReferences: InvalidReference[];
}

const noEffects = (): Effects => ({ attemptToDelete: [], attemptToOrphan: [], invalidReferences: [] });

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

/** How many absent owners are remembered, as upstream. */
const ABSENT_OWNERS = 500;

/** The node of an object that a watch has shown. */
export function nodeOf(type: ResourceType, object: KubeObject): GraphNode {
  const { ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata;
  const { namespace = "", name = "", uid = "" } = object.metadata;
  const beingDeleted = deletionTimestamp !== undefined;
  return {
    coordinates: { apiVersion: groupVersion(type), kind: type.kind, namespace, name, uid },
    observed: true,
    owners: ownerReferences,
    beingDeleted,
    deletingDependents: beingDeleted && finalizers.includes(FOREGROUND),
    orphaning: beingDeleted && finalizers.includes(ORPHAN),
  };
}

function virtualNode(coordinates: Coordinates): GraphNode {
  return {
    coordinates,
    observed: false,
    owners: [],
    beingDeleted: false,
    deletingDependents: false,
    orphaning: false,
  };
}

/** The coordinates of an owner, as the reference of an object in the namespace gives them. */
export function referenced({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Coordinates {
  return { apiVersion, kind, namespace, name, uid };
}

/** Whether the reference names the object, the namespace apart. */
function names(reference: OwnerReference, { apiVersion, kind, name, uid }: Coordinates): boolean {
  return (
    reference.uid === uid && reference.name === name && reference.kind === kind && reference.apiVersion === apiVersion
  );
}

/** Whether an object in the namespace may have that owner: cluster-scoped owners have dependents everywhere. */
const mayOwn = (owner: Coordinates, namespace: string) => owner.namespace === "" || owner.namespace === namespace;

/** Whether the reference, of an object in the namespace, is to that very object. */
export const refersTo = (reference: OwnerReference, namespace: string, owner: Coordinates): boolean =>
  mayOwn(owner, namespace) && names(reference, owner);

const textOf = ({ apiVersion, kind, namespace, name, uid }: Coordinates) =>
  [kind, apiVersion, namespace, name, uid].join("\0");

const same = (a: Coordinates, b: Coordinates) => textOf(a) === textOf(b);

/**
 * Who owns whom, over all kinds, kept by every change that a watch shows (upstream's GraphBuilder). An owner that no
 * watch has shown gets a virtual node, and the API is asked whether it exists.
 */
export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** By the uid of a node; who else names that uid as an owner. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #absent = new BoundedMap<string, true>(ABSENT_OWNERS);

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** Every node that names the uid as an owner, with the right coordinates or with wrong ones. */
  dependents(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** Whether these coordinates are known to name nothing: a uid never comes back. */
  isAbsent(coordinates: Coordinates): boolean {
    return this.#absent.get(textOf(coordinates)) === true;
  }

  noteAbsent(coordinates: Coordinates): void {
    this.#absent.set(textOf(coordinates), true);
  }

  /** A watch has shown the object: it was there, is new, or has changed. */
  put(node: GraphNode): GraphEffects {
    const effects = noEffects();
    const { uid } = node.coordinates;
    const before = this.#nodes.get(uid);
    this.#settle(before, node.coordinates, effects);
    this.#nodes.set(uid, node);
    this.#compareOwners(before?.owners ?? [], node, effects);
    if (node.orphaning) {
      if (!before?.orphaning) effects.attemptToOrphan.push(uid);
    } else if (node.deletingDependents && !before?.deletingDependents) {
      effects.attemptToDelete.push(...(this.#dependents.get(uid) ?? []), uid);
    }
    return effects;
  }

  /** A watch has shown that the object is gone. */
  remove(coordinates: Coordinates): GraphEffects {
    const effects = noEffects();
    const node = this.#nodes.get(coordinates.uid);
    if (!node) return effects;
    this.#settle(node, coordinates, effects);
    this.#drop(node, coordinates, effects);
    return effects;
  }

  /**
   * The object's kind is no longer followed, and whether the object is there cannot be known: what names it as an
   * owner is not deleted for that, and what it names need not wait for it.
   */
  forget(uid: string): GraphEffects {
    const effects = noEffects();
    const node = this.#nodes.get(uid);
    if (!node?.observed) return effects;
    if (this.#dependents.has(uid)) this.#nodes.set(uid, virtualNode(node.coordinates));
    else this.#nodes.delete(uid);
    this.#release(node, effects);
    return effects;
  }

  /** The API has no object with these coordinates. */
  missing(coordinates: Coordinates): GraphEffects {
    const effects = noEffects();
    const node = this.#nodes.get(coordinates.uid);
    if (!node) return effects;
    const dependents = this.dependents(coordinates.uid);
    const others = dependents.filter((dependent) => namesOtherwise(dependent, coordinates));
    if (node.observed ? same(node.coordinates, coordinates) : others.length === 0) {
      this.#drop(node, coordinates, effects);
      return effects;
    }
    const matching = dependents.filter((dependent) => namesExactly(dependent, coordinates));
    if (matching.length > 0) {
      this.noteAbsent(coordinates);
      effects.attemptToDelete.push(...matching.map(uidOf));
    }
    if (!node.observed && same(node.coordinates, coordinates)) {
      // The dependents disagree about the owner: what another one says of it is asked for next.
      const next = alternative(others, coordinates);
      if (next) this.#nodes.set(coordinates.uid, { ...node, coordinates: next });
    }
    return effects;
  }

  /** A virtual node turns out to have these coordinates: dependents that say otherwise are looked at. */
  #settle(before: GraphNode | undefined, coordinates: Coordinates, effects: Effects): void {
    if (!before || before.observed || same(before.coordinates, coordinates)) return;
    for (const dependent of this.dependents(coordinates.uid)) {
      if (!namesOtherwise(dependent, coordinates)) continue;
      if (!mayOwn(coordinates, dependent.coordinates.namespace)) report(dependent, coordinates.uid, effects);
      effects.attemptToDelete.push(uidOf(dependent));
    }
  }

  #compareOwners(before: readonly OwnerReference[], node: GraphNode, effects: Effects): void {
    if (before === node.owners) return;
    const { uid } = node.coordinates;
    const old = new Map(before.map((reference) => [reference.uid, reference]));
    const now = new Map(node.owners.map((reference) => [reference.uid, reference]));
    for (const [owner, reference] of old) {
      const next = now.get(owner);
      if (!next) this.#unlink(owner, uid);
      // An owner that waits for its dependents need not wait for this one any longer.
      const unblocks = reference.blockOwnerDeletion === true && next?.blockOwnerDeletion !== true;
      if (unblocks && this.#nodes.get(owner)?.deletingDependents) effects.attemptToDelete.push(owner);
    }
    const added = node.owners.filter((reference) => !old.has(reference.uid));
    const changed = node.owners.filter(
      (reference) => old.has(reference.uid) && !sameOwner(old.get(reference.uid)!, reference),
    );
    this.#link(node, added, effects);
    // The same uid under another name, or of another kind: it may be right now, or wrong.
    if (changed.length > 0) effects.attemptToDelete.push(uid);
  }

  #link(node: GraphNode, owners: readonly OwnerReference[], effects: Effects): void {
    const { uid, namespace } = node.coordinates;
    let doubtful = false;
    for (const reference of owners) {
      const owner = this.#nodes.get(reference.uid);
      if (!owner) {
        this.#nodes.set(reference.uid, virtualNode(referenced(reference, namespace)));
        effects.attemptToDelete.push(reference.uid);
      }
      const known = this.#dependents.get(reference.uid);
      if (known) known.add(uid);
      else this.#dependents.set(reference.uid, new Set([uid]));
      if (!owner || doubtful) continue;
      const fits = mayOwn(owner.coordinates, namespace);
      if (!fits && owner.observed) report(node, reference.uid, effects);
      // A virtual owner without a namespace may be a namespaced one that a cluster-scoped object names.
      const unsure = !owner.observed && owner.coordinates.namespace !== namespace;
      // One that is on its way out takes new dependents along.
      doubtful = !fits || !names(reference, owner.coordinates) || unsure || owner.deletingDependents;
    }
    if (doubtful) effects.attemptToDelete.push(uid);
  }

  #unlink(owner: string, dependent: string): void {
    const known = this.#dependents.get(owner);
    if (!known) return;
    known.delete(dependent);
    if (known.size > 0) return;
    this.#dependents.delete(owner);
    // It was here for its dependents only.
    if (this.#nodes.get(owner)?.observed === false) this.#nodes.delete(owner);
  }

  #drop(node: GraphNode, coordinates: Coordinates, effects: Effects): void {
    const { uid } = coordinates;
    const dependents = this.#dependents.get(uid);
    if (dependents) {
      this.noteAbsent(coordinates);
      effects.attemptToDelete.push(...dependents);
      this.#dependents.delete(uid);
    }
    this.#nodes.delete(uid);
    this.#release(node, effects);
  }

  /** The owners of a node that goes have one dependent less to wait for. */
  #release({ coordinates: { uid }, owners }: GraphNode, effects: Effects): void {
    for (const { uid: owner } of owners) {
      this.#unlink(owner, uid);
      if (this.#nodes.get(owner)?.deletingDependents) effects.attemptToDelete.push(owner);
    }
  }
}

const uidOf = ({ coordinates }: GraphNode) => coordinates.uid;

const sameOwner = (a: OwnerReference, b: OwnerReference) =>
  a.apiVersion === b.apiVersion && a.kind === b.kind && a.name === b.name;

/** Whether the dependent has a reference to that very owner. */
const namesExactly = ({ coordinates: { namespace }, owners }: GraphNode, owner: Coordinates) =>
  mayOwn(owner, namespace) && owners.some((reference) => names(reference, owner));

/** Whether the dependent has a reference to the owner's uid that says something else of the owner. */
const namesOtherwise = ({ coordinates: { namespace }, owners }: GraphNode, owner: Coordinates) =>
  !mayOwn(owner, namespace) || owners.some((reference) => reference.uid === owner.uid && !names(reference, owner));

function report({ coordinates, owners }: GraphNode, owner: string, effects: Effects): void {
  const reference = owners.find(({ uid }) => uid === owner);
  if (!reference) return;
  effects.invalidReferences.push({
    dependent: coordinates,
    owner: referenced(reference, coordinates.namespace),
  });
}

/**
 * What else the dependents say of an owner that is not where `absent` says: the first that follows in order, or the
 * first of all. So every one of them has its turn.
 */
function alternative(dependents: readonly GraphNode[], absent: Coordinates): Coordinates | undefined {
  const said = new Map<string, Coordinates>();
  for (const { coordinates, owners } of dependents) {
    for (const reference of owners) {
      if (reference.uid !== absent.uid) continue;
      // A kind without namespaces: it is where the absent one was looked for, whatever names it.
      const clusterScoped =
        absent.namespace === "" && reference.apiVersion === absent.apiVersion && reference.kind === absent.kind;
      const other = referenced(reference, clusterScoped ? "" : coordinates.namespace);
      if (!same(other, absent)) said.set(textOf(other), other);
    }
  }
  const order = [...said.keys()].sort();
  const from = textOf(absent);
  const next = order.find((text) => text > from) ?? order[0];
  return next === undefined ? undefined : said.get(next);
}
