import type { Clock, Timer } from "./clock.ts";

/** How long a key that keeps failing waits: doubling from `initialMs` up to `maxMs`. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** What upstream's controllers use by default (client-go DefaultControllerRateLimiter): 5 ms to 1000 s. */
export const CONTROLLER_BACK_OFF: BackOff = { initialMs: 5, maxMs: 1000_000 };

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Handles one key; a rejection puts the key back with back-off. */
  readonly handle: (key: string) => Promise<void>;
  /** How many keys are handled at once; never the same key twice. Default 1. */
  readonly concurrency?: number;
  readonly backOff?: BackOff;
  readonly onError?: (key: string, error: unknown, attempt: number) => void;
}

/**
 * Keys waiting to be handled: each at most once in the queue and once being handled; one that is added while being
 * handled is handled again afterwards.
 */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key after a delay; of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Keys waiting, being handled, or waiting out the back-off after a failure; not those that {@link addAfter} delays. */
  readonly size: number;
  /** Stops taking keys, drops delayed ones and resolves once no key is being handled. */
  close(): Promise<void>;
}

/** Makes a {@link WorkQueue}. Handling starts in a microtask after the first key is added. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, handle, concurrency = 1, backOff = CONTROLLER_BACK_OFF } = options;
  const waiting = new Set<string>();
  const inHand = new Set<string>();
  const again = new Set<string>();
  const attempts = new Map<string, number>();
  const delayed = new Map<string, { readonly at: number; readonly timer: Timer }>();
  /** Keys that only wait for their next attempt. */
  const backingOff = new Set<string>();
  let closed = false;
  let scheduled = false;
  let closing: Promise<void> | undefined;
  let whenIdle: (() => void) | undefined;

  const schedule = () => {
    if (scheduled || closed) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      while (!closed && inHand.size < concurrency) {
        const next = waiting.values().next();
        if (next.done) return;
        waiting.delete(next.value);
        void work(next.value);
      }
    });
  };

  const enqueue = (key: string) => {
    backingOff.delete(key);
    waiting.add(key);
  };

  const work = async (key: string) => {
    inHand.add(key);
    try {
      await handle(key);
      attempts.delete(key);
    } catch (error) {
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      if (!closed) {
        options.onError?.(key, error, attempt);
        backingOff.add(key);
        queue.addAfter(key, Math.min(backOff.initialMs * 2 ** (attempt - 1), backOff.maxMs));
      }
    } finally {
      inHand.delete(key);
      if (again.delete(key)) enqueue(key);
      schedule();
      if (inHand.size === 0) whenIdle?.();
    }
  };

  const queue: WorkQueue = {
    add(key) {
      if (closed) return;
      if (inHand.has(key)) again.add(key);
      else enqueue(key);
      schedule();
    },
    addAfter(key, ms) {
      if (closed) return;
      if (ms <= 0) {
        queue.add(key);
        return;
      }
      const at = clock.monotonic() + ms;
      const earlier = delayed.get(key);
      if (earlier && earlier.at <= at) return;
      earlier?.timer.cancel();
      const timer = clock.setTimeout(() => {
        delayed.delete(key);
        queue.add(key);
      }, ms);
      delayed.set(key, { at, timer });
    },
    get size() {
      return waiting.size + inHand.size + backingOff.size;
    },
    close() {
      closed = true;
      waiting.clear();
      again.clear();
      for (const { timer } of delayed.values()) timer.cancel();
      delayed.clear();
      backingOff.clear();
      closing ??= new Promise((resolve) => {
        if (inHand.size === 0) resolve();
        else whenIdle = resolve;
      });
      return closing;
    },
  };
  return queue;
}
