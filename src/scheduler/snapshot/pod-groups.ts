import type { LabelMatcher } from "#objects";
import type { Labels, NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { PodCounter } from "./counters.ts";

/** Which pods a counter counts. Only namespace, labels and whether it is being deleted may matter. */
export interface PodPredicate {
  /** Equal for predicates that say the same of every pod. */
  readonly id: string;
  /** The only namespaces that count, when they are known by name. */
  readonly namespaces: ReadonlySet<string> | undefined;
  /** A selector that all that counts must meet: to find candidates fast. */
  readonly selector: LabelMatcher | undefined;
  readonly countsTerminating: boolean;
  matches(namespace: string, labels: Labels, of: NamespaceLabels): boolean;
}

/** Pods that no selector can tell apart: same namespace, same labels, being deleted or not. */
interface Group {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly terminating: boolean;
  readonly perNode: Map<number, number>;
  readonly counters: Set<MatchCounter>;
}

/** Counts the pods that a predicate holds for. */
export interface MatchCounter {
  readonly predicate: PodPredicate;
  readonly counter: PodCounter;
  lastUsed: number;
}

/** Counters beyond these that were not used lately are dropped; one that is asked for again is counted anew. */
const MAX_COUNTERS = 1024;

/**
 * Pods by what selectors can see of them. Which groups a counter counts is decided once, when either is new; a
 * pod that comes or goes then costs only the counters that count it, however many pods there are.
 */
export class PodGroups {
  readonly #groups = new Map<string, Group>();
  readonly #byNamespace = new Map<string, Set<Group>>();
  readonly #byLabel = new Map<string, Set<Group>>();
  readonly #counters = new Map<string, MatchCounter>();
  readonly #namespaceLabels: NamespaceLabels;
  #uses = 0;

  constructor(namespaceLabels: NamespaceLabels) {
    this.#namespaceLabels = namespaceLabels;
  }

  add(pod: PodInfo, slot: number): void {
    let group = this.#groups.get(pod.groupKey);
    if (!group) {
      group = this.#open(pod);
    }
    group.perNode.set(slot, (group.perNode.get(slot) ?? 0) + 1);
    for (const { counter } of group.counters) counter.add(slot, 1);
  }

  remove(pod: PodInfo, slot: number): void {
    const group = this.#groups.get(pod.groupKey);
    if (!group) return;
    const left = (group.perNode.get(slot) ?? 0) - 1;
    if (left > 0) group.perNode.set(slot, left);
    else group.perNode.delete(slot);
    for (const { counter } of group.counters) counter.add(slot, -1);
    if (group.perNode.size === 0) this.#close(group);
  }

  /** The counter of a predicate; the first call counts what is there. */
  counter(predicate: PodPredicate): PodCounter {
    const known = this.#counters.get(predicate.id);
    if (known) {
      known.lastUsed = ++this.#uses;
      return known.counter;
    }
    if (this.#counters.size >= MAX_COUNTERS) this.#dropUnused();
    const made: MatchCounter = { predicate, counter: new PodCounter(), lastUsed: ++this.#uses };
    this.#counters.set(predicate.id, made);
    for (const group of this.#candidates(predicate)) {
      if (!this.#counts(made, group)) continue;
      group.counters.add(made);
      for (const [slot, pods] of group.perNode) made.counter.add(slot, pods);
    }
    return made.counter;
  }

  /** All counters, to tell them about nodes. */
  *counters(): Iterable<PodCounter> {
    for (const { counter } of this.#counters.values()) yield counter;
  }

  /** A namespace has other labels now: what is counted by them is counted anew when it is next asked for. */
  namespaceChanged(): void {
    for (const made of this.#counters.values()) if (!made.predicate.namespaces) this.#drop(made);
  }

  #counts({ predicate }: MatchCounter, { namespace, labels, terminating }: Group): boolean {
    return (predicate.countsTerminating || !terminating) && predicate.matches(namespace, labels, this.#namespaceLabels);
  }

  #candidates({ namespaces, selector }: PodPredicate): Iterable<Group> {
    const pair = selector && exactPair(selector);
    if (pair) return this.#byLabel.get(pair) ?? [];
    if (!namespaces) return this.#groups.values();
    return [...namespaces].flatMap((namespace) => [...(this.#byNamespace.get(namespace) ?? [])]);
  }

  #open({ groupKey, namespace, labels, terminating }: PodInfo): Group {
    const group: Group = { key: groupKey, namespace, labels, terminating, perNode: new Map(), counters: new Set() };
    this.#groups.set(groupKey, group);
    file(this.#byNamespace, namespace, group);
    for (const key in labels) file(this.#byLabel, `${key}=${labels[key]}`, group);
    for (const made of this.#counters.values()) if (this.#counts(made, group)) group.counters.add(made);
    return group;
  }

  #close(group: Group): void {
    this.#groups.delete(group.key);
    unfile(this.#byNamespace, group.namespace, group);
    for (const key in group.labels) unfile(this.#byLabel, `${key}=${group.labels[key]}`, group);
  }

  #drop(made: MatchCounter): void {
    this.#counters.delete(made.predicate.id);
    for (const group of this.#candidates(made.predicate)) group.counters.delete(made);
  }

  #dropUnused(): void {
    const oldest = [...this.#counters.values()].toSorted((a, b) => a.lastUsed - b.lastUsed);
    for (const made of oldest.slice(0, MAX_COUNTERS / 4)) this.#drop(made);
  }
}

/** `key=value` that all selected have, if the selector says so. */
function exactPair(selector: LabelMatcher): string | undefined {
  for (const { key } of selector.requirements) {
    const value = selector.exactValue(key);
    if (value !== undefined) return `${key}=${value}`;
  }
  return undefined;
}

function file<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const known = index.get(key);
  if (known) known.add(value);
  else index.set(key, new Set([value]));
}

function unfile<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const known = index.get(key);
  if (known?.delete(value) && known.size === 0) index.delete(key);
}
