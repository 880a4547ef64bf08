import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import type { TestEvent } from "./results.ts";
import { Watchdog } from "./watchdog.ts";

function watched() {
  const clock = createVirtualClock();
  const ends: string[] = [];
  const watchdog = new Watchdog(clock, { timeoutMs: 900_000, lingerMs: 60_000 }, (reason) => ends.push(reason));
  const tell = (...types: string[]) => {
    for (const type of types) watchdog.add({ type, data: { entryFile: "/a.test.ts" } } as TestEvent);
  };
  return { clock, ends, watchdog, tell };
}

test("a file has its time, whatever goes on in it", async () => {
  const { clock, ends, tell } = watched();
  tell("test:enqueue");
  await clock.advance(899_000);
  assert.deepEqual(ends, []);
  await clock.advance(2_000);
  assert.deepEqual(ends, ["its process had not ended after 900 s"]);
});

test("a process that goes on after its tests is ended a minute later", async () => {
  const { clock, ends, tell } = watched();
  tell("test:enqueue", "test:enqueue", "test:complete");
  await clock.advance(120_000);
  assert.deepEqual(ends, []);
  tell("test:complete");
  await clock.advance(59_000);
  assert.deepEqual(ends, []);
  await clock.advance(2_000);
  assert.deepEqual(ends, ["its process had not ended 60 s after its tests"]);
});

test("a further test, or the end of the process, calls it off", async () => {
  const { clock, ends, watchdog, tell } = watched();
  tell("test:enqueue", "test:complete");
  await clock.advance(50_000);
  tell("test:enqueue");
  await clock.advance(100_000);
  tell("test:complete");
  watchdog.stop();
  await clock.advance(1_000_000);
  assert.deepEqual(ends, []);
});
