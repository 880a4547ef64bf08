import type { ObjectKey } from "#objects";
import type { WatchEvent } from "../contract.ts";
import type { Stored } from "./stored.ts";

/**
 * One change of one object. Its watch events are made once and shared, so that their encoding can be
 * too: the API server may keep the bytes by the identity of the event.
 */
export class RingEntry {
  readonly revision: number;
  readonly storeKey: string;
  /** Undefined when it was deleted. */
  readonly current: Stored | undefined;
  /** Undefined when it was created. */
  readonly previous: Stored | undefined;
  #added: WatchEvent | undefined;
  #modified: WatchEvent | undefined;
  #deleted: WatchEvent | undefined;

  constructor(revision: number, storeKey: string, current: Stored | undefined, previous: Stored | undefined) {
    this.revision = revision;
    this.storeKey = storeKey;
    this.current = current;
    this.previous = previous;
  }

  /**
   * About the memory that holding it takes, in bytes of what is stored. A deletion holds what was deleted. A change
   * counts the larger of its two objects, since the older one is most often held by an earlier change too: what is
   * held never has more than twice the sum.
   */
  get cost(): number {
    return Math.max(this.current?.value.length ?? 0, this.previous?.value.length ?? 0);
  }

  get key(): ObjectKey {
    return (this.current ?? this.previous)!.key;
  }

  /**
   * What a watcher sees who selects with `matches`: an object that enters its selection is ADDED, one that leaves
   * it is DELETED with its old content at the new revision (upstream cacher convertToWatchEvent).
   */
  seenThrough(matches: (object: Stored) => boolean): WatchEvent | undefined {
    const { current, previous } = this;
    const is = current !== undefined && matches(current);
    const was = previous !== undefined && matches(previous);
    if (is && !was) return (this.#added ??= { type: "ADDED", object: current });
    if (is) return (this.#modified ??= { type: "MODIFIED", object: current });
    if (was) return (this.#deleted ??= { type: "DELETED", object: previous.at(this.revision) });
    return undefined;
  }

  /** Leaves only the bytes of what is not the newest; it is parsed again for a watcher that comes as late as this. */
  shrink(): void {
    this.previous?.shrink();
    this.#added = this.#modified = this.#deleted = undefined;
  }
}

/** So many of a ring's newest changes, of so many bytes, keep what was made of their values. */
const FRESH_CHANGES = 256;
const FRESH_COST = 2 * 2 ** 20;

/** What all rings of a registry may hold together, in bytes of what is stored: the largest one gives way. */
export class RingBudget {
  readonly #max: number;
  readonly #rings = new Set<Ring>();
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  join(ring: Ring): void {
    this.#rings.add(ring);
  }

  /** A ring holds so many bytes more, or fewer. */
  change(bytes: number): void {
    this.#total += bytes;
  }

  /** Lets the oldest changes of the largest rings go, until there is room again; each keeps its newest. */
  keep(): void {
    while (this.#total > this.#max) {
      let largest: Ring | undefined;
      for (const ring of this.#rings) if (ring.end - ring.start > 1 && ring.cost > (largest?.cost ?? 0)) largest = ring;
      if (!largest) return;
      largest.dropOldest();
    }
  }

  leave(ring: Ring): void {
    if (this.#rings.delete(ring)) this.#total -= ring.cost;
  }
}

/** The most recent changes of a resource, each with a number that counts up. Old ones fall out. */
export class Ring {
  readonly #max: number;
  readonly #maxCost: number;
  readonly #budget: RingBudget | undefined;
  #cost = 0;
  /** The number of the oldest change that is not shrunk, and what it and the later ones cost. */
  #fresh = 0;
  #freshCost = 0;
  #changes: (RingEntry | undefined)[];
  /** The number of the oldest change that is held, and the one after the newest. */
  #start = 0;
  #end = 0;
  #floor: number;

  /**
   * All changes after revision `floor` will be held, until `max` of them are, or their cost is above `maxCost` or what
   * the budget has for all.
   */
  constructor(floor: number, max: number, maxCost = Infinity, budget?: RingBudget) {
    this.#floor = floor;
    this.#max = max;
    this.#maxCost = maxCost;
    this.#budget = budget;
    budget?.join(this);
    this.#changes = Array.from({ length: Math.min(16, max) });
  }

  /** Bytes of what is stored. */
  get cost(): number {
    return this.#cost;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** All changes after this revision are held. */
  get floor(): number {
    return this.#floor;
  }

  /** `number` must be held. */
  at(number: number): RingEntry {
    return this.#changes[number % this.#changes.length]!;
  }

  push(change: RingEntry): void {
    if (this.#end - this.#start === this.#changes.length) {
      if (this.#changes.length < this.#max) this.#grow();
      else this.dropOldest();
    }
    this.#changes[this.#end % this.#changes.length] = change;
    this.#end++;
    this.#cost += change.cost;
    this.#freshCost += change.cost;
    this.#budget?.change(change.cost);
    while (this.#end - this.#fresh > FRESH_CHANGES || (this.#freshCost > FRESH_COST && this.#end - this.#fresh > 1)) {
      this.#shrinkOldest();
    }
    while (this.#cost > this.#maxCost && this.#end - this.#start > 1) this.dropOldest();
    this.#budget?.keep();
  }

  /** The number of the first change after `revision`, which must not be below the floor. */
  after(revision: number): number {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets the oldest change go. */
  dropOldest(): void {
    // The store's history may hold what the ring does not.
    if (this.#fresh === this.#start) this.#shrinkOldest();
    const { revision, cost } = this.at(this.#start);
    this.#changes[this.#start % this.#changes.length] = undefined;
    this.#floor = revision;
    this.#cost -= cost;
    this.#budget?.change(-cost);
    this.#start++;
  }

  /** Of the changes that are not shrunk yet. */
  #shrinkOldest(): void {
    const change = this.at(this.#fresh);
    change.shrink();
    this.#freshCost -= change.cost;
    this.#fresh++;
  }

  #grow(): void {
    const changes: (RingEntry | undefined)[] = Array.from({ length: Math.min(this.#changes.length * 2, this.#max) });
    for (let i = this.#start; i < this.#end; i++) changes[i % changes.length] = this.at(i);
    this.#changes = changes;
  }
}
