/* oxlint-disable no-restricted-globals -- the one place that sets timers */
/** A timer that was set on a {@link Clock}. Cancelling one that already fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Everything that waits, measures or stamps takes one, so that a whole cluster
 * can run on virtual time.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back; for measuring. */
  monotonic(): number;
  /** Calls `fn` once, after `ms` milliseconds (at least 0), never sooner by {@link monotonic}. */
  setTimeout(fn: () => void, ms: number): Timer;
}

const MAX_DELAY = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(fn, ms) {
    const due = performance.now() + ms;
    let timer: ReturnType<typeof setTimeout>;
    // The machine's timers count from whole milliseconds, and so fire up to one early; they hold no more than 24 days.
    const fire = () => {
      const left = due - performance.now();
      if (left > 0) set(left);
      else fn();
    };
    const set = (left: number) => {
      timer = setTimeout(fire, Math.min(Math.max(Math.ceil(left), 0), MAX_DELAY));
    };
    set(ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Calls `fn` every `ms` milliseconds until cancelled; a call never overlaps the next. */
export function every(clock: Clock, ms: number, fn: () => void): Timer {
  let timer: Timer;
  const tick = () => {
    timer = clock.setTimeout(tick, ms);
    fn();
  };
  timer = clock.setTimeout(tick, ms);
  return { cancel: () => timer.cancel() };
}
