import type { Clock, Timer } from "./clock.ts";

/** Keys that are due after a delay, with one timer each. */
export class KeyDelays {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #timers = new Map<string, { readonly at: number; readonly timer: Timer }>();

  /** `due` is called with each key when its time has come. */
  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** The key is due in `ms` milliseconds; of several delays for one key the earliest counts. */
  set(key: string, ms: number): void {
    const at = this.#clock.monotonic() + ms;
    const earlier = this.#timers.get(key);
    if (earlier && earlier.at <= at) return;
    earlier?.timer.cancel();
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(key);
      this.#due(key);
    }, ms);
    this.#timers.set(key, { at, timer });
  }

  clear(): void {
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
