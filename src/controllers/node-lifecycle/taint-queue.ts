import type { Plan } from "../framework/definition.ts";
import { evictingKey } from "./taints.ts";
import { EVICTION_RATE } from "./zones.ts";

/** A zone's queue at one moment. Times are milliseconds on a clock that is never set. */
export interface TurnView {
  /** How many nodes wait. */
  readonly waiting: number;
  /** The first of them. */
  readonly first: string | undefined;
  /** What its condition Ready says by now; undefined: nothing, or it is gone. */
  readonly ready: string | undefined;
  /** How many nodes a second may get a taint. */
  readonly rate: number;
  /** From when on the next node may be taken. */
  readonly nextAt: number;
}

export type TurnStep =
  /** It has had its turn, whatever comes of it. */
  | { readonly type: "take"; readonly name: string }
  | { readonly type: "taint"; readonly name: string; readonly key: string };

/**
 * Which node of a zone gets its NoExecute taint now, if one does (upstream doNoExecuteTaintingPass). A node that has
 * come back or gone meanwhile loses its turn, and the turn is spent all the same. `now` and the times in the plan are
 * on the clock that is never set.
 */
export function planTurn({ waiting, first, ready, rate, nextAt }: TurnView, now: number): Plan<TurnStep> {
  if (first === undefined) return { steps: [], because: "no node waits" };
  if (rate <= 0) return { steps: [], because: "no node of the zone may lose its pods now" };
  if (now < nextAt) return { steps: [], because: "it is no turn yet", requeueAt: nextAt };
  const key = ready === undefined ? undefined : evictingKey(ready);
  const steps: TurnStep[] = [{ type: "take", name: first }];
  if (key !== undefined) steps.push({ type: "taint", name: first, key });
  return {
    steps,
    because: key === undefined ? "it is ready again, or gone" : `it is its turn, and Ready is ${ready}`,
    ...(waiting > 1 ? { requeueAt: now + 1000 / rate } : {}),
  };
}

/**
 * The nodes of a zone that wait for a NoExecute taint, first come first served, and how many a second may have it
 * (upstream RateLimitedTimedQueue with a burst of one). {@link planTurn} says when one is to be taken.
 */
export class TaintQueue {
  readonly #names = new Set<string>();
  #rate = EVICTION_RATE;
  #nextAt = -Infinity;

  add(name: string): void {
    this.#names.add(name);
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Removes a node that has its turn at `now`. */
  take(name: string, now: number): void {
    this.#names.delete(name);
    this.#nextAt = now + 1000 / this.#rate;
  }

  /** `readinessOf`: what the condition Ready of the node of a name says. */
  view(readinessOf: (name: string) => string | undefined): TurnView {
    const [first] = this.#names;
    const ready = first === undefined ? undefined : readinessOf(first);
    return { waiting: this.#names.size, first, ready, rate: this.#rate, nextAt: this.#nextAt };
  }

  /** `rate` in nodes a second; 0: none. A node that had to wait waits a whole period of the new rate. */
  setRate(rate: number, now: number): void {
    if (rate === this.#rate) return;
    const waits = this.#rate <= 0 || now < this.#nextAt;
    this.#rate = rate;
    this.#nextAt = waits && rate > 0 ? now + 1000 / rate : -Infinity;
  }
}
