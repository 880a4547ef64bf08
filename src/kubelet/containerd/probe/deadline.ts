import type { Clock } from "#base";

/** What a signal aborts with when the time is up. */
export class DeadlineExceeded extends Error {
  constructor() {
    super("context deadline exceeded");
    this.name = "DeadlineExceeded";
  }
}

/** Whether the time is up; a caller who gave up throws. */
export function hasTimedOut(signal: AbortSignal): boolean {
  if (signal.reason instanceof DeadlineExceeded) return true;
  signal.throwIfAborted();
  return false;
}

/** Aborts with {@link DeadlineExceeded} after `ms`, or as the caller does. Dispose it once what it bounds is over. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

export function createDeadline(clock: Clock, ms: number, caller: AbortSignal): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(caller.reason);
  const timer = clock.setTimeout(() => controller.abort(new DeadlineExceeded()), ms);
  if (caller.aborted) onAbort();
  else caller.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      timer.cancel();
      caller.removeEventListener("abort", onAbort);
    },
  };
}
