import type { Node } from "#objects";
import type { Labels, NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { DomainCounts, type Eligibility, type PodCounter } from "./counters.ts";
import { HeldTerms, type HeldTerm } from "./held-terms.ts";
import { NodeInfo } from "./node-info.ts";
import { inZoneTurns } from "./node-order.ts";
import { PodGroups, type PodPredicate } from "./pod-groups.ts";
import { Topology } from "./topology.ts";

/** What the plugins see of the cluster. */
export interface ClusterView {
  /** Nodes that exist, in the order in which they are to be looked at. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  readonly namespaceLabels: NamespaceLabels;
  topology(key: string): Topology;
  /** How many pods a predicate holds for, by node. */
  counter(predicate: PodPredicate): PodCounter;
  /** The sums of a counter by topology domain over eligible nodes. */
  domains(counter: PodCounter, topologyKey: string, eligibility: Eligibility): DomainCounts;
  /** Affinity terms of pods on the nodes that are about this pod. */
  termsAbout(pod: PodInfo): readonly HeldTerm[];
  /** On how many nodes an image is, by one of its names. */
  nodesWithImage(image: string): number;
  /** How many pods on nodes use a claim, by `namespace/name`. */
  podsWithClaim(key: string): number;
}

export interface Placed {
  readonly pod: PodInfo;
  readonly node: NodeInfo;
}

/** How many sums one counter keeps at most; they differ by the nodes that count. */
const MAX_DOMAINS = 64;

/**
 * Nodes and the pods on them, kept change by change. No method's cost grows with the number of pods placed. It
 * is the caller who says where a pod is: bound there, or about to be.
 */
export class Snapshot implements ClusterView {
  readonly #infos = new Map<string, NodeInfo>();
  readonly #slots: (NodeInfo | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #placed = new Map<string, Placed>();
  readonly #topologies = new Map<string, Topology>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #groups: PodGroups;
  readonly #terms = new HeldTerms();
  readonly #images = new Map<string, number>();
  readonly #claims = new Map<string, number>();
  #order: NodeInfo[] | undefined;

  readonly namespaceLabels: NamespaceLabels = (namespace) => this.#namespaces.get(namespace);

  constructor() {
    this.#groups = new PodGroups(this.namespaceLabels);
  }

  get nodes(): readonly NodeInfo[] {
    return (this.#order ??= inZoneTurns([...this.#infos.values()].filter(({ node }) => node !== undefined)));
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#infos.get(name);
    return info?.node ? info : undefined;
  }

  /** Takes in a node, new or changed. */
  setNode(node: Node): void {
    const name = node.metadata.name ?? "";
    const info = this.#infos.get(name) ?? this.#open(name);
    const before = info.node;
    if (before && sameLabels(before.metadata.labels, node.metadata.labels) && sameTaints(before, node)) {
      this.#countImages(info, -1);
      info.setNode(node);
      this.#countImages(info, 1);
      return;
    }
    if (before) this.#leave(info);
    info.setNode(node);
    this.#join(info);
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (!info?.node) return;
    this.#leave(info);
    info.setNode(undefined);
    if (info.pods.size === 0) this.#close(info);
  }

  /** Where the pod with this uid is. */
  placed(uid: string): Placed | undefined {
    return this.#placed.get(uid);
  }

  get podCount(): number {
    return this.#placed.size;
  }

  /** Puts a pod on a node, or takes in what has changed about one that is on it. */
  setPod(pod: PodInfo, nodeName: string): void {
    this.removePod(pod.uid);
    const node = this.#infos.get(nodeName) ?? this.#open(nodeName);
    this.#placed.set(pod.uid, { pod, node });
    node.addPod(pod);
    this.#groups.add(pod, node.slot);
    this.#terms.add(pod, node.slot);
    this.#countClaims(pod, 1);
  }

  /** Takes a pod off its node; returns where it was. */
  removePod(uid: string): Placed | undefined {
    const placed = this.#placed.get(uid);
    if (!placed) return undefined;
    const { pod, node } = placed;
    this.#placed.delete(uid);
    node.removePod(pod);
    this.#groups.remove(pod, node.slot);
    this.#terms.remove(pod, node.slot);
    this.#countClaims(pod, -1);
    if (!node.node && node.pods.size === 0) this.#close(node);
    return placed;
  }

  /** Returns whether a label is different now. */
  setNamespace(name: string, labels: Labels): boolean {
    if (sameLabels(this.#namespaces.get(name), labels)) {
      this.#namespaces.set(name, labels);
      return false;
    }
    this.#namespaces.set(name, labels);
    this.#groups.namespaceChanged();
    return true;
  }

  removeNamespace(name: string): void {
    if (this.#namespaces.delete(name)) this.#groups.namespaceChanged();
  }

  topology(key: string): Topology {
    let topology = this.#topologies.get(key);
    if (!topology) {
      topology = new Topology(key);
      for (const node of this.nodes) topology.add(node);
      this.#topologies.set(key, topology);
    }
    return topology;
  }

  counter(predicate: PodPredicate): PodCounter {
    return this.#groups.counter(predicate);
  }

  domains(counter: PodCounter, topologyKey: string, eligibility: Eligibility): DomainCounts {
    const id = eligibility.id === "" ? topologyKey : `${topologyKey} ${eligibility.id}`;
    let domains = counter.domains.get(id);
    if (!domains) {
      if (counter.domains.size >= MAX_DOMAINS) counter.domains.clear();
      domains = new DomainCounts(counter, this.topology(topologyKey), eligibility, this.nodes);
      counter.domains.set(id, domains);
    }
    return domains;
  }

  termsAbout(pod: PodInfo): readonly HeldTerm[] {
    return this.#terms.about(pod, this.namespaceLabels);
  }

  nodesWithImage(image: string): number {
    return this.#images.get(image) ?? 0;
  }

  podsWithClaim(key: string): number {
    return this.#claims.get(key) ?? 0;
  }

  #open(name: string): NodeInfo {
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    const info = new NodeInfo(name, slot);
    this.#slots[slot] = info;
    this.#infos.set(name, info);
    return info;
  }

  #close(info: NodeInfo): void {
    this.#infos.delete(info.name);
    this.#slots[info.slot] = undefined;
    this.#freeSlots.push(info.slot);
  }

  /** The node takes part from now on. */
  #join(info: NodeInfo): void {
    this.#order = undefined;
    this.#countImages(info, 1);
    for (const topology of this.#topologies.values()) topology.add(info);
    this.#eachDomains((domains) => domains.addNode(info));
  }

  #leave(info: NodeInfo): void {
    this.#order = undefined;
    this.#countImages(info, -1);
    this.#eachDomains((domains) => domains.removeNode(info));
    for (const topology of this.#topologies.values()) topology.remove(info);
  }

  #eachDomains(visit: (domains: DomainCounts) => void): void {
    for (const counter of this.#groups.counters()) for (const domains of counter.domains.values()) visit(domains);
    for (const counter of this.#terms.counters()) for (const domains of counter.domains.values()) visit(domains);
  }

  #countClaims({ namespace, claims }: PodInfo, sign: 1 | -1): void {
    for (const { name } of claims) {
      const key = `${namespace}/${name}`;
      const pods = this.podsWithClaim(key) + sign;
      if (pods > 0) this.#claims.set(key, pods);
      else this.#claims.delete(key);
    }
  }

  #countImages({ images }: NodeInfo, sign: 1 | -1): void {
    for (const name of images.keys()) {
      const nodes = (this.#images.get(name) ?? 0) + sign;
      if (nodes > 0) this.#images.set(name, nodes);
      else this.#images.delete(name);
    }
  }
}

export function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  let count = 0;
  for (const key in a) {
    if (b?.[key] !== a[key]) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

/** Taints and `unschedulable` decide which nodes count for a spread constraint. */
export function sameTaints(a: Node, b: Node): boolean {
  const before = a.spec?.taints ?? [];
  const now = b.spec?.taints ?? [];
  if ((a.spec?.unschedulable ?? false) !== (b.spec?.unschedulable ?? false)) return false;
  return (
    before.length === now.length &&
    before.every(
      ({ key, value, effect }, i) => now[i]!.key === key && now[i]!.value === value && now[i]!.effect === effect,
    )
  );
}
