import type { Clock } from "#base";

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** The newest revision that all caches have seen, and those who wait for a later one. */
export class Revisions {
  #current: number;
  #waiting: Waiter[] = [];

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
    for (const waiter of due) waiter.resolve();
  }

  /** Resolves once `revision` has been seen. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#current) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ revision, resolve });
    });
  }

  /** Resolves true once `revision` has been seen, false when `ms` milliseconds went by first. */
  reachedWithin(revision: number, ms: number, clock: Clock): Promise<boolean> {
    if (revision <= this.#current) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        resolve: () => {
          timer.cancel();
          resolve(true);
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
