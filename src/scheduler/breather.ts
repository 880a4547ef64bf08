import { sleep, type Clock } from "#base";

/** A turn of the event loop ends after this long. */
const SLICE_MS = 5;
/** And after this many steps, also when the clock stands still. */
const SLICE_STEPS = 200;

/** Returns a function to call between steps of long work: lets the event loop turn when it is time, and says whether it did. */
export function createBreather(clock: Clock, signal: AbortSignal): () => Promise<boolean> {
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
