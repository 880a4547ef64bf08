// When the process of a test file has had its time.
import type { Clock, Timer } from "#base";
import type { TestEvent } from "./results.ts";

export interface Limits {
  /** For the file as a whole. */
  readonly timeoutMs: number;
  /** For the process when all its tests have ended: one that failed may have left something open. */
  readonly lingerMs: number;
}

/** Follows the events of a file, and calls `end` once, with the reason, when a limit is passed. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #end: (reason: string) => void;
  readonly #timeout: Timer;
  #linger: Timer | undefined;
  #running = 0;

  constructor(clock: Clock, limits: Limits, end: (reason: string) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#end = end;
    this.#timeout = clock.setTimeout(
      () => this.#stopWith(`its process had not ended after ${limits.timeoutMs / 1000} s`),
      limits.timeoutMs,
    );
  }

  add({ type, data }: TestEvent): void {
    // Of the tests in the file, not of the file itself.
    if (data.entryFile === undefined) return;
    if (type === "test:enqueue") this.#running++;
    else if (type === "test:complete") this.#running--;
    else return;
    this.#linger?.cancel();
    this.#linger = undefined;
    if (this.#running > 0) return;
    const { lingerMs } = this.#limits;
    this.#linger = this.#clock.setTimeout(
      () => this.#stopWith(`its process had not ended ${lingerMs / 1000} s after its tests`),
      lingerMs,
    );
  }

  stop(): void {
    this.#timeout.cancel();
    this.#linger?.cancel();
  }

  #stopWith(reason: string): void {
    this.stop();
    this.#end(reason);
  }
}
