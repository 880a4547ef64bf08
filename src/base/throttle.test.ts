import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "./clock.ts";
import { createThrottle } from "./throttle.ts";
import { createVirtualClock } from "./virtual-clock.ts";

/** A clock that work moves, and a little each look at it. */
function workClock(): Clock & { work(ms: number): void } {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => (now += 0.0001),
    setTimeout: () => ({ cancel() {} }),
    work: (ms) => void (now += ms),
  };
}

test("requests without I/O start turn by turn: no turn is long, all are done, in order", async () => {
  const clock = workClock();
  const throttle = createThrottle(clock);
  const done: number[] = [];
  let inTurn = 0;
  const turns: number[] = [];
  const ticks = (async () => {
    while (done.length < 500) {
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(inTurn);
      inTurn = 0;
    }
  })();
  const work = async (i: number) => {
    await throttle();
    clock.work(0.5);
    inTurn += 0.5;
    done.push(i);
  };
  await Promise.all(Array.from({ length: 500 }, (_, i) => work(i)));
  await ticks;
  assert.deepEqual(
    done,
    Array.from({ length: 500 }, (_, i) => i),
  );
  // It learns from the first turns how many fit into one.
  const settled = turns.slice(Math.floor(turns.length / 2));
  assert.ok(Math.max(...settled) <= 20, `turns of ${settled.join(", ")} ms`);
  assert.ok(turns.length >= 10);
});

test("no request waits while there is little to do, nor on a clock that stands still", () => {
  const throttle = createThrottle(workClock());
  assert.equal(throttle(), undefined);
  const virtual = createThrottle(createVirtualClock());
  for (let i = 0; i < 10_000; i++) assert.equal(virtual(), undefined);
});
