import type { NodeInfo } from "./node-info.ts";

/** No domain: the node does not have the label. */
export const NO_DOMAIN = -1;

/**
 * The values of one label of the nodes (`topology.kubernetes.io/zone`), as small numbers: which domain each node
 * is in. A number is given to another value once no node has the old one any more.
 */
export class Topology {
  readonly key: string;
  /** By slot of the node. */
  readonly domainOf: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #values: string[] = [];
  readonly #members: number[] = [];
  readonly #free: number[] = [];

  constructor(key: string) {
    this.key = key;
  }

  add({ slot, labels }: NodeInfo): void {
    while (this.domainOf.length <= slot) this.domainOf.push(NO_DOMAIN);
    const value = labels?.[this.key];
    if (value === undefined) {
      this.domainOf[slot] = NO_DOMAIN;
      return;
    }
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#free.pop() ?? this.#values.length;
      this.#ids.set(value, id);
      this.#values[id] = value;
      this.#members[id] = 0;
    }
    this.#members[id]!++;
    this.domainOf[slot] = id;
  }

  remove({ slot }: NodeInfo): void {
    const id = this.domainOf[slot] ?? NO_DOMAIN;
    this.domainOf[slot] = NO_DOMAIN;
    if (id === NO_DOMAIN || --this.#members[id]! > 0) return;
    this.#ids.delete(this.#values[id]!);
    this.#free.push(id);
  }

  /** The domain of a label's value, if a node has it. */
  idOf(value: string): number | undefined {
    return this.#ids.get(value);
  }

  valueOf(id: number): string {
    return this.#values[id]!;
  }
}
