import { EVICTION_RATE } from "./zones.ts";

/**
 * The nodes of a zone that wait for a NoExecute taint, first come first served, and how many a second may have it
 * (upstream RateLimitedTimedQueue with a burst of one). Times are milliseconds on a clock that is never set.
 */
export class TaintQueue {
  readonly #names = new Set<string>();
  #rate = EVICTION_RATE;
  /** From when on the next node may be taken. */
  #nextAt = -Infinity;

  add(name: string): void {
    this.#names.add(name);
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  /** The next node, if there is one and it is time. It counts as taken. */
  take(now: number): string | undefined {
    const [name] = this.#names;
    if (name === undefined || this.#rate <= 0 || now < this.#nextAt) return undefined;
    this.#names.delete(name);
    this.#nextAt = now + 1000 / this.#rate;
    return name;
  }

  /** When {@link take} is worth a call; undefined: not before something is added or the rate changes. */
  get nextAt(): number | undefined {
    return this.#names.size > 0 && this.#rate > 0 ? this.#nextAt : undefined;
  }

  /** `rate` in nodes a second; 0: none. A node that had to wait waits a whole period of the new rate. */
  setRate(rate: number, now: number): void {
    if (rate === this.#rate) return;
    const waits = this.#rate <= 0 || now < this.#nextAt;
    this.#rate = rate;
    this.#nextAt = waits && rate > 0 ? now + 1000 / rate : -Infinity;
  }
}
