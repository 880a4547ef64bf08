import type { Clock } from "#base";

interface Waiter {
  readonly revision: number;
  readonly resolve: (seen: boolean) => void;
}

/** The newest revision that all caches have seen, and the callers that wait for a later one. */
export class Revisions {
  #current: number;
  #waiting: Waiter[] = [];
  #closed = false;

  constructor(current: number) {
    this.#current = current;
  }

  get current(): number {
    return this.#current;
  }

  advance(revision: number): void {
    if (revision <= this.#current) return;
    this.#current = revision;
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of due) waiter.resolve(true);
  }

  /** There are no more to come: waiting callers are released. */
  close(): void {
    this.#closed = true;
    const left = this.#waiting;
    this.#waiting = [];
    for (const waiter of left) waiter.resolve(false);
  }

  /** Resolves once `revision` has been seen, or there are no more. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#current || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ revision, resolve: () => resolve() });
    });
  }

  /** Resolves true once `revision` has been seen, false when `ms` milliseconds went by first, or there are no more. */
  reachedWithin(revision: number, ms: number, clock: Clock): Promise<boolean> {
    if (revision <= this.#current) return Promise.resolve(true);
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        resolve: (seen) => {
          timer.cancel();
          resolve(seen);
        },
      };
      const timer = clock.setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        resolve(false);
      }, ms);
      this.#waiting.push(waiter);
    });
  }
}
