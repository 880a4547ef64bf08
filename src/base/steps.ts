import { nextTurn } from "./next-turn.ts";

/** Lets other work have a turn of the event loop. */
export type GiveWay = () => Promise<void>;

/** What has fewer bytes is done within a few milliseconds, in one go. */
const LARGE = 64 * 1024;

/** How work on a value of so many bytes gives way between its stages; undefined for what is small, which need not. */
export const giveWayFor = (bytes: number): GiveWay | undefined => (bytes >= LARGE ? nextTurn : undefined);

/** Work that says, by a yield, where it can be interrupted. */
export type Steps<T> = Generator<void, T, void>;

/** Does all the work in one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Does the work, and gives way after each step. */
export async function finishGivingWay<T>(steps: Steps<T>, giveWay: GiveWay): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await giveWay();
  }
}
