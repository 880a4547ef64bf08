import assert from "node:assert/strict";
import { test } from "node:test";
import { every, sleep, systemClock } from "./clock.ts";
import { createVirtualClock } from "./virtual-clock.ts";

test("sleep resolves when the time is over", async () => {
  const clock = createVirtualClock();
  let awake = false;
  const sleeping = sleep(clock, 50).then(() => (awake = true));
  await clock.advance(49);
  assert.equal(awake, false);
  await clock.advance(1);
  await sleeping;
  assert.equal(awake, true);
});

test("sleep rejects with the signal's reason and leaves no timer", async () => {
  const clock = createVirtualClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, 50, controller.signal);
  assert.equal(clock.pending, 1);
  controller.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
  assert.equal(clock.pending, 0);
  await assert.rejects(sleep(clock, 50, controller.signal), /enough/);
  assert.equal(clock.pending, 0);
});

test("every calls again and again, evenly, until it is cancelled, also from within", async () => {
  const clock = createVirtualClock();
  const times: number[] = [];
  const timer = every(clock, 10, () => {
    times.push(clock.monotonic());
    if (times.length === 3) timer.cancel();
  });
  await clock.advance(100);
  assert.deepEqual(times, [10, 20, 30]);
  assert.equal(clock.pending, 0);
});

test("the system clock fires timers, does not fire cancelled ones, and takes delays longer than the machine's", async () => {
  const far = systemClock.setTimeout(() => assert.fail("fired early"), 2 ** 40);
  const cancelled = systemClock.setTimeout(() => assert.fail("fired although cancelled"), 0);
  cancelled.cancel();
  await new Promise<void>((resolve) => {
    systemClock.setTimeout(resolve, -5);
  });
  await new Promise<void>((resolve) => {
    systemClock.setTimeout(resolve, 1);
  });
  far.cancel();
  const before = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= before);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
});

test("a timer of the system clock that the machine fires early is set again for what is left", (t) => {
  let now = 10.9;
  t.mock.method(performance, "now", () => now);
  const { mock } = t.mock.method(globalThis, "setTimeout", () => 0 as unknown as NodeJS.Timeout);
  const fired: number[] = [];
  systemClock.setTimeout(() => fired.push(now), 4.5);
  /** The machine fires what was set last. */
  const fire = (at: number) => {
    now = at;
    const [fn] = mock.calls.at(-1)!.arguments as unknown as [() => void];
    fn();
  };
  const delays = () => mock.calls.map(({ arguments: [, ms] }) => ms as unknown);
  assert.deepEqual(delays(), [5]);
  fire(15);
  assert.deepEqual([fired, delays()], [[], [5, 1]]);
  fire(15.4);
  assert.deepEqual([fired, delays()], [[15.4], [5, 1]]);
});
