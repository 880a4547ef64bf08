/**
 * Sets of fields, in the very form that fieldsV1 has on the wire: a tree of path elements in which an empty node is
 * a member, and a node with further elements is one when it also has the element `.`.
 *
 * Sets are frozen and shared: the same set is (nearly always) the same object, since a thousand pods of one
 * ReplicaSet have the same fields. So an unchanged set costs no memory, and is recognised by being identical.
 */
import { isMap } from "../json.ts";
import { Memo } from "../memo.ts";
import { compareElements, elementReader, normalizedElement, printElement } from "./path-element.ts";

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The node of a member without members below it. */
export const LEAF: FieldSet = Object.freeze({});
/** The set without members. */
export const EMPTY: FieldSet = Object.freeze({});

const SELF = ".";

const numbers = new WeakMap<FieldSet, number>([
  [LEAF, 0],
  [EMPTY, 1],
]);
let nextNumber = 2;
/** Beyond this many different nodes, or bytes of about what they take, sharing starts afresh. */
const shared = new Memo<FieldSet>(50_000, 1 << 23);
/** An element of a node is an entry of a hash table in V8: three words, and as many free ones again. */
const BYTES_PER_ELEMENT = 96;

/**
 * A node with more elements than this is made anew each time: to tell whether it is shared would cost more than it
 * saves, and few objects have the same one.
 */
const MAX_SHARED_ELEMENTS = 256;

/** The states that follow one, by the element that is added and what is below it. */
interface Following {
  readonly leaves: Map<string, NodeState>;
  readonly inner: Map<string, Map<FieldSet, NodeState>>;
}

/**
 * A node while its elements are being collected: who adds the same ones in the same order gets to the same state,
 * and so to the shared node, without anything being made. Immutable to its users.
 */
class NodeState {
  readonly parent: NodeState | undefined;
  readonly element: string;
  readonly child: FieldSet;
  readonly #size: number;
  #following: Following | undefined;
  #way: FieldSet | undefined;
  #member: FieldSet | undefined;

  constructor(parent: NodeState | undefined, element: string, child: FieldSet) {
    this.parent = parent;
    this.element = element;
    this.child = child;
    this.#size = parent ? parent.#size + 1 : 0;
  }

  /** With one more element, which is not among them yet. */
  with(element: string, child: FieldSet): NodeState {
    if (this.#size >= MAX_SHARED_ELEMENTS) return new NodeState(this, element, child);
    const { leaves, inner } = (this.#following ??= { leaves: new Map(), inner: new Map() });
    if (child === LEAF) {
      const next = leaves.get(element);
      if (next) return next;
      const made = this.#made(element, child);
      leaves.set(element, made);
      return made;
    }
    let byChild = inner.get(element);
    const next = byChild?.get(child);
    if (next) return next;
    const made = this.#made(element, child);
    if (!byChild) inner.set(element, (byChild = new Map()));
    byChild.set(child, made);
    return made;
  }

  #made(element: string, child: FieldSet): NodeState {
    countState(element);
    return new NodeState(this, element, child);
  }

  /** The node; `self` when it is a member itself. Undefined when there is nothing in it. */
  node(self: boolean): FieldSet | undefined {
    if (!this.parent) return self ? LEAF : undefined;
    if (self) return (this.#member ??= this.#finish(true));
    return (this.#way ??= this.#finish(false));
  }

  #finish(self: boolean): FieldSet {
    const parts = partsOf(this, this.#size);
    return this.#size > MAX_SHARED_ELEMENTS ? makeNode(parts, self) : shareNode(parts, self);
  }

  /** Forgets all states that follow. */
  clear(): void {
    this.#following = undefined;
  }
}

/** The last states of the parts of a node, in the order in which the parts are written. */
function partsOf(last: NodeState, size: number): NodeState[] {
  const parts: NodeState[] = [];
  const valueOf = size > MAX_SHARED_ELEMENTS ? elementReader() : undefined;
  let isInOrder = true;
  for (let state = last; state.parent; state = state.parent) {
    const next = parts.at(-1);
    isInOrder &&= !next || compareElements(state.element, next.element, valueOf) < 0;
    parts.push(state);
  }
  parts.reverse();
  return isInOrder ? parts : parts.sort((a, b) => compareElements(a.element, b.element, valueOf));
}

/** The one node with these parts, which are in order. */
function shareNode(parts: readonly NodeState[], self: boolean): FieldSet {
  const lines = parts.map(({ element, child }) => `${element}\t${numbers.get(child)}`);
  lines.push(self ? SELF : "");
  // One flat text: added up, it would be kept as a tree of all its pieces.
  const signature = lines.join("\n");
  const known = shared.get(signature);
  if (known) return known;
  const node = makeNode(parts, self);
  shared.set(signature, node, 2 * signature.length + parts.length * BYTES_PER_ELEMENT);
  return node;
}

function makeNode(parts: readonly NodeState[], self: boolean): FieldSet {
  const node: Record<string, FieldSet> = {};
  if (self) node[SELF] = LEAF;
  for (const { element, child } of parts) node[element] = child;
  Object.freeze(node);
  numbers.set(node, nextNumber++);
  return node;
}

/** Nothing collected yet. */
export const NOTHING_YET = new NodeState(undefined, "", LEAF);

const MAX_STATES = 20_000;
/** Characters of their elements. */
const MAX_STATES_LENGTH = 1 << 20;
let states = 0;
let statesLength = 0;

function countState(element: string): void {
  states++;
  statesLength += element.length;
  if (states < MAX_STATES && statesLength < MAX_STATES_LENGTH) return;
  states = 0;
  statesLength = 0;
  NOTHING_YET.clear();
}

/** Whether nothing is in it. */
export const isEmptySet = (set: FieldSet): boolean => set === EMPTY;

/** Whether a node stands for a member, not only for a way to members. */
export const isMember = (node: FieldSet): boolean => node === LEAF || node[SELF] !== undefined;

const childOf = (node: FieldSet, element: string): FieldSet | undefined => node[element];

/** The elements of a node that lead further. */
export function elementsOf(node: FieldSet): string[] {
  const elements = Object.keys(node);
  return elements[0] === SELF ? elements.slice(1) : elements;
}

/** What is in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || b === EMPTY) return a;
  return a === EMPTY ? b : (combined(a, b, false) ?? EMPTY);
}

function combined(a: FieldSet, b: FieldSet, self: boolean): FieldSet | undefined {
  let replaced: Map<string, FieldSet> | undefined;
  let state = NOTHING_YET;
  for (const element of elementsOf(b)) {
    const node = b[element]!;
    const other = childOf(a, element);
    if (other === node) continue;
    const both = other === undefined ? node : joined(other, node);
    if (both !== other) (replaced ??= new Map()).set(element, both);
  }
  if (!replaced && self === (a[SELF] !== undefined)) return a;
  for (const element of elementsOf(a)) {
    state = state.with(element, replaced?.get(element) ?? a[element]!);
    replaced?.delete(element);
  }
  if (replaced) for (const [element, node] of replaced) state = state.with(element, node);
  return state.node(self);
}

function joined(a: FieldSet, b: FieldSet): FieldSet {
  if (b === LEAF && isMember(a)) return a;
  if (a === LEAF && isMember(b)) return b;
  return combined(a, b, isMember(a) || isMember(b)) ?? LEAF;
}

/** What is in `a` and not in `b`. A member of `b` takes only itself away, not what is below it. */
export function subtract(a: FieldSet, b: FieldSet): FieldSet {
  return a === EMPTY || b === EMPTY ? a : (without(a, b, false, rest) ?? EMPTY);
}

/** What is in `a`, less each member of `b` with everything below it. */
export function subtractDeep(a: FieldSet, b: FieldSet): FieldSet {
  return a === EMPTY || b === EMPTY ? a : (without(a, b, false, restDeep) ?? EMPTY);
}

type Rest = (node: FieldSet, other: FieldSet) => FieldSet | undefined;

const rest: Rest = (node, other) => {
  const member = isMember(node) && !isMember(other);
  if (node === LEAF) return member ? LEAF : undefined;
  return without(node, other, member, rest);
};

const restDeep: Rest = (node, other) => {
  if (isMember(other)) return undefined;
  return node === LEAF ? LEAF : without(node, other, isMember(node), restDeep);
};

function without(a: FieldSet, b: FieldSet, self: boolean, restOf: Rest): FieldSet | undefined {
  let replaced: Map<string, FieldSet | undefined> | undefined;
  for (const element of elementsOf(b)) {
    const node = childOf(a, element);
    if (node === undefined) continue;
    const left = restOf(node, b[element]!);
    if (left !== node) (replaced ??= new Map()).set(element, left);
  }
  if (!replaced && self === (a[SELF] !== undefined)) return a;
  let state = NOTHING_YET;
  for (const element of elementsOf(a)) {
    const node = replaced?.has(element) ? replaced.get(element) : a[element];
    if (node) state = state.with(element, node);
  }
  return state.node(self);
}

/** What is in both. */
export function intersect(a: FieldSet, b: FieldSet): FieldSet {
  return common(a, b, false) ?? EMPTY;
}

function common(a: FieldSet, b: FieldSet, self: boolean): FieldSet | undefined {
  if (a === b && self === (a[SELF] !== undefined)) return a;
  let state = NOTHING_YET;
  for (const element of elementsOf(b)) {
    const node = childOf(a, element);
    if (node === undefined) continue;
    const other = b[element]!;
    const both = common(node, other, isMember(node) && isMember(other));
    if (both) state = state.with(element, both);
  }
  return state.node(self);
}

/**
 * What is at and below paths of field names, in which `*` stands for any element, and the members on the way there
 * (structured-merge-diff Set.FilterIncludeMatches).
 */
export function matching(set: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  return set === EMPTY ? set : (matched(set, paths, 0, false) ?? EMPTY);
}

function matched(
  node: FieldSet,
  paths: readonly (readonly string[])[],
  depth: number,
  self: boolean,
): FieldSet | undefined {
  let state = NOTHING_YET;
  for (const element of elementsOf(node)) {
    const further = paths.filter((path) => path[depth] === "*" || element === `f:${path[depth]}`);
    if (further.length === 0) continue;
    const child = node[element]!;
    const whole = child === LEAF || further.some((path) => path.length === depth + 1);
    const rest = whole ? child : matched(child, further, depth + 1, isMember(child));
    if (rest) state = state.with(element, rest);
  }
  return state.node(self);
}

/** Whether the field that an element leads to is in the set. */
export function hasElement(set: FieldSet, element: string): boolean {
  const node = childOf(set, element);
  return node !== undefined && isMember(node);
}

/** What is below an element, without the element itself. */
export function below(set: FieldSet, element: string): FieldSet {
  const node = childOf(set, element);
  return node === undefined || node === LEAF ? EMPTY : (combined(node, EMPTY, false) ?? EMPTY);
}

/** A set with the one path in it. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  let result = EMPTY;
  for (const path of paths) {
    let node: FieldSet = LEAF;
    for (const name of path.toReversed()) {
      node = NOTHING_YET.with(`f:${name}`, node).node(false)!;
    }
    result = union(result, node);
  }
  return result;
}

/** The members as they are printed, `.spec.replicas`, those of a level before those below it. */
export function printedPaths(set: FieldSet, prefix = ""): string[] {
  const paths: string[] = [];
  const elements = elementsOf(set);
  for (const element of elements) if (isMember(set[element]!)) paths.push(prefix + printElement(element));
  for (const element of elements) paths.push(...printedPaths(set[element]!, prefix + printElement(element)));
  return paths;
}

/** Whether a value is a set that we made: then it is well formed and shared. */
export const isOwnSet = (value: unknown): value is FieldSet => isMap(value) && numbers.has(value as FieldSet);

const MAX_DEPTH = 200;

/** The shared form of a fieldsV1 that comes from outside. Throws an Error when it is malformed. */
export function decodeSet(fields: unknown): FieldSet {
  if (isOwnSet(fields)) return fields;
  if (fields === undefined || fields === null) return EMPTY;
  if (!isMap(fields)) throw new Error("fieldsV1 is no object");
  return decodeNode(fields, false, 0) ?? EMPTY;
}

function decodeNode(value: unknown, nested: boolean, depth: number): FieldSet | undefined {
  if (!isMap(value) || depth > MAX_DEPTH) throw new Error("a node of fieldsV1 is no object");
  let self = false;
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    if (key === SELF) {
      self = true;
      continue;
    }
    const element = normalizedElement(key);
    if (element === undefined) continue;
    const node = decodeNode(value[key], true, depth + 1) ?? LEAF;
    const earlier = children.get(element);
    children.set(element, earlier ? joined(earlier, node) : node);
  }
  let state = NOTHING_YET;
  for (const [element, node] of children) state = state.with(element, node);
  return state.node(nested && self);
}
