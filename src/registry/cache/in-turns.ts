import type { Clock } from "#base";
import type { StoredObject } from "../contract.ts";

/** A turn of the event loop is given up after so long, in milliseconds of the monotonic clock. */
const TURN_MS = 5;
/** The clock is looked at once in so many items. */
const STRIDE = 32;

/** Calls `each` for every item, until it returns false, and lets others run now and then. */
export async function inTurns<T>(
  items: readonly T[],
  clock: Clock,
  each: (item: T, index: number) => boolean | void,
): Promise<void> {
  let since = clock.monotonic();
  for (let i = 0; i < items.length; i++) {
    if (each(items[i]!, i) === false) return;
    if (i % STRIDE !== STRIDE - 1 || clock.monotonic() - since <= TURN_MS) continue;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 0));
    since = clock.monotonic();
  }
}

/**
 * Resolves once all have their frozen form. Just read from the store they are bytes, and parsing thousands at once
 * would hold up everybody else.
 */
export async function parsed(objects: readonly StoredObject[], clock: Clock): Promise<void> {
  await inTurns(objects, clock, (object) => void object.object);
}
