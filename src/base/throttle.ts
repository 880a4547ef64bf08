import type { Clock } from "./clock.ts";
import { nextTurn } from "./next-turn.ts";

/** A turn of the event loop is over after this long. */
const SLICE_MS = 5;
/** How many may start in one turn, at first and at most. */
const FIRST_SHARE = 16;
const MAX_SHARE = 256;

/**
 * Keeps requests that never wait for I/O from holding up the event loop: each calls this first and awaits what it
 * returns. That is undefined while the turn of the event loop is young; later requests start turn by turn, in order,
 * as many as fit. On a clock that stands still (a virtual one) no request waits.
 */
export type Throttle = () => Promise<void> | undefined;

/** Makes a {@link Throttle}. All that run on one event loop share one. */
export function createThrottle(clock: Clock): Throttle {
  const waiting = new Set<() => void>();
  let began: number | undefined;
  let share = FIRST_SHARE;
  let admitted = 0;

  const begin = (): number => {
    began = clock.monotonic();
    admitted = 0;
    void nextTurn().then(end);
    return began;
  };
  const end = () => {
    const took = clock.monotonic() - (began ?? 0);
    share = took > 2 * SLICE_MS ? Math.max(1, share >> 1) : Math.min(MAX_SHARE, share + 1);
    began = undefined;
    if (waiting.size === 0) return;
    begin();
    for (const admit of waiting) {
      if (++admitted > share) return;
      waiting.delete(admit);
      admit();
    }
  };
  return () => {
    const since = began ?? begin();
    const spent = clock.monotonic() - since;
    // Those who come all at once have not begun yet: the turn's age says nothing, only their number does.
    if (waiting.size === 0 && (spent === 0 || (spent < SLICE_MS && admitted < share))) {
      admitted++;
      return undefined;
    }
    return new Promise((resolve) => {
      waiting.add(resolve);
    });
  };
}
