import type { NodeInfo } from "./node-info.ts";
import { NO_DOMAIN, type Topology } from "./topology.ts";

/** Which nodes count for a {@link DomainCounts}. */
export interface Eligibility {
  /** Equal for equal tests. */
  readonly id: string;
  allows(node: NodeInfo): boolean;
}

/** Every node that has the topology's label. */
export const EVERY_NODE: Eligibility = { id: "", allows: () => true };

/** How many pods of some sort are on each node, and sums of that by topology domain. */
export class PodCounter {
  /** By slot. */
  readonly perNode: number[] = [];
  total = 0;
  readonly domains = new Map<string, DomainCounts>();

  add(slot: number, delta: number): void {
    while (this.perNode.length <= slot) this.perNode.push(0);
    this.perNode[slot]! += delta;
    this.total += delta;
    for (const domains of this.domains.values()) domains.podsChanged(slot, delta);
  }

  on(slot: number): number {
    return this.perNode[slot] ?? 0;
  }
}

/** The sums of a counter by the domains of a topology, over eligible nodes. Kept change by change. */
export class DomainCounts {
  readonly topology: Topology;
  readonly eligibility: Eligibility;
  readonly #counter: PodCounter;
  /** By slot: 1 when the node counts. */
  readonly #counted: number[] = [];
  /** By domain: eligible nodes in it. A domain exists while there is one. */
  readonly #nodes: number[] = [];
  /** By domain. */
  readonly #pods: number[] = [];
  #existing = 0;
  #sum = 0;
  #min: number | undefined;

  constructor(counter: PodCounter, topology: Topology, eligibility: Eligibility, nodes: Iterable<NodeInfo>) {
    this.#counter = counter;
    this.topology = topology;
    this.eligibility = eligibility;
    for (const node of nodes) this.addNode(node);
  }

  /** How many domains there are. */
  get size(): number {
    return this.#existing;
  }

  /** Pods in all domains together. */
  get sum(): number {
    return this.#sum;
  }

  /** Pods in the domain that the node is in; 0 when it is in none. */
  around({ slot }: NodeInfo): number {
    const domain = this.topology.domainOf[slot] ?? NO_DOMAIN;
    return domain === NO_DOMAIN ? 0 : (this.#pods[domain] ?? 0);
  }

  /** The fewest pods that a domain has; 0 when there is none. */
  get min(): number {
    if (this.#min === undefined) {
      let min = Infinity;
      for (let domain = 0; domain < this.#nodes.length; domain++) {
        if (this.#nodes[domain]! > 0 && this.#pods[domain]! < min) min = this.#pods[domain]!;
      }
      this.#min = min === Infinity ? 0 : min;
    }
    return this.#min;
  }

  podsChanged(slot: number, delta: number): void {
    if (this.#counted[slot] !== 1) return;
    const domain = this.topology.domainOf[slot]!;
    const before = this.#pods[domain]!;
    this.#pods[domain] = before + delta;
    this.#sum += delta;
    // Only the lowest domain growing, or one falling below it, moves the minimum.
    if (this.#min !== undefined && (before === this.#min || before + delta < this.#min)) this.#min = undefined;
  }

  /** To be called after the topology has taken the node in. */
  addNode(node: NodeInfo): void {
    const { slot } = node;
    while (this.#counted.length <= slot) this.#counted.push(0);
    const domain = this.topology.domainOf[slot] ?? NO_DOMAIN;
    if (domain === NO_DOMAIN || !this.eligibility.allows(node)) return;
    while (this.#nodes.length <= domain) {
      this.#nodes.push(0);
      this.#pods.push(0);
    }
    this.#counted[slot] = 1;
    const pods = this.#counter.on(slot);
    if (this.#nodes[domain]!++ === 0) this.#existing++;
    this.#pods[domain]! += pods;
    this.#sum += pods;
    this.#min = undefined;
  }

  /** To be called before the topology lets the node go. */
  removeNode({ slot }: NodeInfo): void {
    if (this.#counted[slot] !== 1) return;
    this.#counted[slot] = 0;
    const domain = this.topology.domainOf[slot]!;
    const pods = this.#counter.on(slot);
    if (--this.#nodes[domain]! === 0) this.#existing--;
    this.#pods[domain]! -= pods;
    this.#sum -= pods;
    this.#min = undefined;
  }
}
