/** Who holds what of a pool of addresses or ports. `pending` while the write that took it is under way. */
export interface Holding {
  readonly owner: string;
  pending: boolean;
}

/** The result of asking a pool for an item. */
export type Allocation = "taken" | "held" | { readonly perhapsStale: Holding };

/**
 * The items of a pool that are in use. It is filled from the Services there are and follows every write that goes
 * through {@link take}; a Service's deletion leaves its items behind as stale, and a write that wants one of them (or
 * finds the pool full) looks whether the owner still has it.
 */
export class Allocator<Item> {
  readonly #holdings = new Map<Item, Holding>();

  /** Takes an item that is free; says who holds it otherwise. */
  take(item: Item, owner: string): Allocation {
    const holding = this.#holdings.get(item);
    if (holding) return holding.pending ? "held" : { perhapsStale: holding };
    this.#holdings.set(item, { owner, pending: true });
    return "taken";
  }

  /** The write is done: the item stays with its owner. */
  settle(item: Item): void {
    const holding = this.#holdings.get(item);
    if (holding) holding.pending = false;
  }

  /** Enters what a stored Service has. */
  record(item: Item, owner: string): void {
    if (!this.#holdings.has(item)) this.#holdings.set(item, { owner, pending: false });
  }

  /** Forgets this very holding: a Service of the same name may have taken the item anew meanwhile. */
  releaseStale(item: Item, stale: Holding): void {
    if (this.#holdings.get(item) === stale && !stale.pending) this.#holdings.delete(item);
  }

  release(item: Item, owner: string): void {
    if (this.#holdings.get(item)?.owner === owner) this.#holdings.delete(item);
  }

  /** Forgets what no Service has and no write is taking. */
  keepOnly(inUse: ReadonlySet<Item>): void {
    for (const [item, { pending }] of this.#holdings) if (!pending && !inUse.has(item)) this.#holdings.delete(item);
  }

  /** The first free item of the sequence. */
  firstFree(candidates: Iterable<Item>): Item | undefined {
    for (const item of candidates) if (!this.#holdings.has(item)) return item;
    return undefined;
  }

  get size(): number {
    return this.#holdings.size;
  }
}
