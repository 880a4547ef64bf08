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
  /** Time stands still until this has settled: for work that takes real time, such as a disk's. */
  standStill(until: Promise<unknown>): void;
  /** How many timers are set. */
  readonly pending: number;
}

/** Turns of the event loop without a new timer after which everything counts as settled. */
const SETTLED_TURNS = 3;

/** What must be over before time moves on: the consequences of timers, and work that takes real time. */
function createSettling() {
  let changes = 0;
  /** Pieces of work that time waits for. */
  let waitedFor = 0;
  return {
    changed(): void {
      changes++;
    },
    waitFor(work: Promise<unknown>): void {
      waitedFor++;
      const done = () => {
        waitedFor--;
        changes++;
      };
      work.then(done, done);
    },
    async settle(): Promise<void> {
      for (let quiet = 0, seen = changes; quiet < SETTLED_TURNS; quiet++) {
        await nextTurn();
        if (seen !== changes || waitedFor > 0) {
          seen = changes;
          quiet = -1;
        }
      }
    },
  };
}

/** Makes a {@link VirtualClock} that starts at `start` (milliseconds since the epoch; default 2026-01-01). */
export function createVirtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  let order = 0;
  const timers = createDueHeap<Pending>();
  const { changed, waitFor, settle } = createSettling();

  const fireNext = (limit: number): boolean => {
    const timer = timers.takeUntil(limit);
    if (!timer) return false;
    now = Math.max(now, timer.at);
    changed();
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
      changed();
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
    standStill: waitFor,
    get pending() {
      return timers.size;
    },
  };
  return clock;
}
