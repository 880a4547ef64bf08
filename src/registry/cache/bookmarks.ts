import type { Clock, Timer } from "#base";

/** Watchers that asked for bookmarks get one about this often, as upstream's do. */
const PERIOD_MS = 60_000;
const SLOTS = 6;

/**
 * One timer for the bookmarks of all watchers, which it spreads over the minute. It runs only while there are any.
 */
export class BookmarkTimer {
  readonly #clock: Clock;
  readonly #slots: Set<() => void>[] = Array.from({ length: SLOTS }, () => new Set());
  #timer: Timer | undefined;
  #slot = 0;
  #size = 0;
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `due` about once a minute. Returns the function that ends it. */
  add(due: () => void): () => void {
    const slot = this.#slots[this.#next++ % SLOTS]!;
    slot.add(due);
    this.#size++;
    if (!this.#timer) this.#schedule();
    return () => {
      if (!slot.delete(due)) return;
      this.#size--;
      if (this.#size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#schedule();
      this.#slot = (this.#slot + 1) % SLOTS;
      for (const due of this.#slots[this.#slot]!) due();
    }, PERIOD_MS / SLOTS);
  }
}
