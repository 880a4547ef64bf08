import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { every, sleep } from "./clock.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const START = Date.UTC(2026, 0, 1);

test("time stands still until it is moved", async () => {
  const clock = createVirtualClock();
  let fired = false;
  clock.setTimeout(() => (fired = true), 1000);
  await clock.advance(999);
  assert.equal(fired, false);
  assert.equal(clock.now(), START + 999);
  assert.equal(clock.monotonic(), 999);
  await clock.advance(1);
  assert.equal(fired, true);
});

test("timers fire in order of time, those of one time in the order of setting, each at the time that it is due", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 30 }), { maxLength: 30 }), async (delays) => {
      const clock = createVirtualClock();
      const seen: [number, number][] = [];
      for (const [i, ms] of delays.entries()) clock.setTimeout(() => seen.push([clock.monotonic(), i]), ms);
      await clock.advance(100);
      const expected = delays.map((ms, i) => [Math.max(0, ms), i]).toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
      assert.deepEqual(seen, expected);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 20 },
  );
});

test("timers that a timer sets on the way fire in the same advance", async () => {
  const clock = createVirtualClock();
  const times: number[] = [];
  const again = () => {
    times.push(clock.monotonic());
    if (times.length < 5) clock.setTimeout(again, 10);
  };
  clock.setTimeout(again, 10);
  await clock.advance(35);
  assert.deepEqual(times, [10, 20, 30]);
  await clock.advance(15);
  assert.deepEqual(times, [10, 20, 30, 40, 50]);
});

test("consequences settle before the next timer fires", async () => {
  const clock = createVirtualClock();
  const log: string[] = [];
  clock.setTimeout(() => {
    void (async () => {
      for (let i = 0; i < 5; i++) await Promise.resolve();
      log.push("consequence");
    })();
  }, 1);
  clock.setTimeout(() => log.push("next"), 2);
  await clock.advance(2);
  assert.deepEqual(log, ["consequence", "next"]);
});

test("a cancelled timer does not fire, and cancelling is possible any number of times", async () => {
  const clock = createVirtualClock();
  let fired = 0;
  const timers = Array.from({ length: 300 }, (_, i) => clock.setTimeout(() => fired++, i));
  for (const [i, timer] of timers.entries()) if (i % 3 !== 0) timer.cancel();
  timers[1]!.cancel();
  assert.equal(clock.pending, 100);
  await clock.advance(1000);
  assert.equal(fired, 100);
  timers[0]!.cancel();
  assert.equal(clock.pending, 0);
});

test("runUntil jumps from timer to timer until something holds", async () => {
  const clock = createVirtualClock();
  let done = false;
  void sleep(clock, 3_600_000).then(() => sleep(clock, 3_600_000).then(() => (done = true)));
  await clock.runUntil(() => done);
  assert.equal(clock.now(), START + 2 * 3_600_000);
});

test("runUntil says so when time stands still", async () => {
  const clock = createVirtualClock();
  clock.setTimeout(() => {}, 1000);
  await assert.rejects(
    clock.runUntil(() => false, 500),
    /stood still at 2026-01-01T00:00:00.000Z: 1 timers left, none due within the limit/,
  );
});

test("autoAdvance keeps time going by itself until it is stopped", async () => {
  const clock = createVirtualClock();
  let ticks = 0;
  const ticking = every(clock, 1000, () => ticks++);
  const advancing = clock.autoAdvance();
  await sleep(clock, 10_500);
  advancing.stop();
  ticking.cancel();
  assert.ok(ticks >= 10);
  assert.equal(clock.pending, 0);
});

test("ten thousand timers that are set, moved and cancelled all the time cost little", async () => {
  const clock = createVirtualClock();
  let fired = 0;
  const timers = Array.from({ length: 10_000 }, (_, i) => clock.setTimeout(() => fired++, 10 + i));
  // Comparing each with all others, as a plain list does, would be 10^9 steps and time out.
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < timers.length; i++) {
      timers[i]!.cancel();
      timers[i] = clock.setTimeout(() => fired++, 10 + (i % 5));
    }
  }
  assert.equal(clock.pending, 10_000);
  await clock.advance(9);
  assert.equal(fired, 0);
  for (const timer of timers) timer.cancel();
  assert.equal(clock.pending, 0);
});

test("time stands still until work that takes real time has settled, and its consequences too", async () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  clock.setTimeout(() => {
    const work = new Promise<void>((resolve) => {
      let turns = 20;
      const turn = () => (--turns > 0 ? setImmediate(turn) : resolve());
      turn();
    });
    clock.standStill(work);
    void work.then(() => {
      seen.push(`done at ${clock.monotonic()}`);
      clock.setTimeout(() => seen.push(`follows at ${clock.monotonic()}`), 5);
    });
    clock.standStill(Promise.reject(new Error("what fails has settled, too")));
  }, 10);
  clock.setTimeout(() => seen.push(`next at ${clock.monotonic()}`), 20);
  await clock.advance(30);
  assert.deepEqual(seen, ["done at 10", "follows at 15", "next at 20"]);
});
