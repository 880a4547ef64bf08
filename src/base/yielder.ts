import { sleep, type Clock } from "./clock.ts";

/** A turn of the event loop is given up after this long, in milliseconds of the monotonic clock. */
const SLICE_MS = 5;
/** And after this many steps, also when the clock stands still (a virtual one). */
const SLICE_STEPS = 200;

/**
 * Called between the steps of long work: yields to the event loop once the current turn has lasted long enough, and
 * resolves to whether it did. Rejects when the work is to stop.
 */
export type Yielder = () => Promise<boolean>;

/** Makes a {@link Yielder}. One serves all the work that shares a turn. */
export function createYielder(clock: Clock, signal: AbortSignal): Yielder {
  let began = clock.monotonic();
  let steps = 0;
  return async () => {
    if (++steps < SLICE_STEPS && clock.monotonic() - began < SLICE_MS) return false;
    await sleep(clock, 0, signal);
    began = clock.monotonic();
    steps = 0;
    return true;
  };
}

/** The clock is read once in so many items. */
const STRIDE = 32;

/** Calls `each` for every item, until it returns false, and yields to the event loop whenever a turn gets long. */
export async function forEachYielding<T>(
  items: readonly T[],
  clock: Clock,
  each: (item: T, index: number) => boolean | void,
): Promise<void> {
  let since = clock.monotonic();
  for (let i = 0; i < items.length; i++) {
    if (each(items[i]!, i) === false) return;
    if (i % STRIDE !== STRIDE - 1 || clock.monotonic() - since <= SLICE_MS) continue;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 0));
    since = clock.monotonic();
  }
}
