import type { Clock, Timer } from "./clock.ts";
import { createDueHeap, type Due } from "./timer-heap.ts";
import { nextTurn } from "./next-turn.ts";

interface Pending extends Due {
  readonly fn: () => void;
}

/** A clock that moves only when it is advanced, or when nothing else is left to do. */
export interface VirtualClock extends Clock {
  /** Moves time forward by `ms`, firing every timer due on the way in order and letting its consequences settle. */
  advance(ms: number): Promise<void>;
  /**
   * Runs until `done()` is true, jumping to the next timer whenever everything has settled.
   * Rejects when no timer is left, or when more than `limitMs` (default: a day) of virtual time went by.
   */
  runUntil(done: () => boolean, limitMs?: number): Promise<void>;
  /** Jumps to the next timer by itself whenever everything has settled, until stopped. */
  autoAdvance(): { stop(): void };
  /** How many timers are set. */
  readonly pending: number;
}

/** Turns of the event loop without a new timer after which everything counts as settled. */
const SETTLED_TURNS = 3;

/** Makes a {@link VirtualClock} that starts at `start` (milliseconds since the epoch; default 2026-01-01). */
export function createVirtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  let order = 0;
  const timers = createDueHeap<Pending>();
  let changes = 0;

  const settle = async () => {
    for (let quiet = 0, seen = changes; quiet < SETTLED_TURNS; quiet++) {
      await nextTurn();
      if (seen !== changes) {
        seen = changes;
        quiet = -1;
      }
    }
  };

  const fireNext = (limit: number): boolean => {
    const timer = timers.takeUntil(limit);
    if (!timer) return false;
    now = Math.max(now, timer.at);
    changes++;
    timer.fn();
    return true;
  };

  const clock: VirtualClock = {
    now: () => now,
    monotonic: () => now - start,
    setTimeout(fn, ms): Timer {
      // In whole milliseconds, as the machine's clock has them.
      const pending: Pending = { at: now + Math.ceil(Math.max(0, ms)), order: order++, fn };
      timers.add(pending);
      changes++;
      return {
        cancel: () => timers.remove(pending),
      };
    },
    async advance(ms) {
      const target = now + ms;
      await settle();
      while (fireNext(target)) await settle();
      now = target;
    },
    async runUntil(done, limitMs = 24 * 3600_000) {
      const limit = now + limitMs;
      await settle();
      while (!done()) {
        if (!fireNext(limit)) {
          throw new Error(
            `virtual time stood still at ${new Date(now).toISOString()}: ${timers.size} timers left, none due within the limit`,
          );
        }
        await settle();
      }
    },
    autoAdvance() {
      let stopped = false;
      const loop = async () => {
        while (!stopped) {
          await settle();
          if (!stopped && !fireNext(Infinity)) await nextTurn();
        }
      };
      void loop();
      return {
        stop() {
          stopped = true;
        },
      };
    },
    get pending() {
      return timers.size;
    },
  };
  return clock;
}
