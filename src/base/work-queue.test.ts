import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "./virtual-clock.ts";
import { createWorkQueue, type WorkQueueOptions } from "./work-queue.ts";

/** A queue whose keys are handled when the test says so. */
function setUp(options: Partial<WorkQueueOptions> = {}) {
  const clock = createVirtualClock();
  const started: string[] = [];
  const running = new Map<string, { finish: () => void; fail: (error: Error) => void }>();
  const queue = createWorkQueue({
    clock,
    handle: (key) => {
      assert.equal(running.has(key), false, `${key} is handled twice at once`);
      started.push(key);
      return new Promise<void>((resolve, reject) => {
        running.set(key, {
          finish: () => {
            running.delete(key);
            resolve();
          },
          fail: (error) => {
            running.delete(key);
            reject(error);
          },
        });
      });
    },
    ...options,
  });
  return { clock, queue, started, running, settle: () => clock.advance(0) };
}

test("a key waits at most once", async () => {
  const { queue, started, running, settle } = setUp();
  queue.add("a");
  queue.add("b");
  queue.add("a");
  queue.add("b");
  assert.equal(queue.size, 2);
  await settle();
  assert.deepEqual(started, ["a"]);
  running.get("a")!.finish();
  await settle();
  running.get("b")!.finish();
  await settle();
  assert.deepEqual(started, ["a", "b"]);
  assert.equal(queue.size, 0);
});

test("a key that is added while being handled is handled once more afterwards", async () => {
  const { queue, started, running, settle } = setUp({ concurrency: 3 });
  queue.add("a");
  await settle();
  queue.add("a");
  queue.add("a");
  await settle();
  assert.deepEqual(started, ["a"]);
  running.get("a")!.finish();
  await settle();
  assert.deepEqual(started, ["a", "a"]);
  running.get("a")!.finish();
  await settle();
  assert.equal(queue.size, 0);
});

test("as many keys are handled at once as are allowed", async () => {
  const { queue, running, settle } = setUp({ concurrency: 2 });
  for (const key of ["a", "b", "c", "d"]) queue.add(key);
  await settle();
  assert.deepEqual([...running.keys()], ["a", "b"]);
  running.get("b")!.finish();
  await settle();
  assert.deepEqual([...running.keys()], ["a", "c"]);
});

test("a failing key waits twice as long each time, up to the most, and starts afresh after a success", async () => {
  const attempts: number[] = [];
  const { clock, queue, started, running, settle } = setUp({
    backOff: { initialMs: 10, maxMs: 30 },
    onError: (key, error, attempt) => {
      assert.equal(key, "a");
      assert.match(String(error), /no luck/);
      attempts.push(attempt);
    },
  });
  const fail = async () => {
    running.get("a")!.fail(new Error("no luck"));
    await settle();
  };
  queue.add("a");
  await settle();
  for (const delay of [10, 20, 30, 30]) {
    await fail();
    const before = started.length;
    await clock.advance(delay - 1);
    assert.equal(started.length, before, `waited less than ${delay}`);
    await clock.advance(1);
    assert.equal(started.length, before + 1, `waited more than ${delay}`);
  }
  assert.deepEqual(attempts, [1, 2, 3, 4]);
  running.get("a")!.finish();
  await settle();
  queue.add("a");
  await settle();
  await fail();
  assert.equal(attempts.at(-1), 1);
  await clock.advance(10);
  assert.equal(running.has("a"), true);
});

test("of several delays for one key the earliest counts, and none is not delayed", async () => {
  const { clock, queue, started } = setUp();
  queue.addAfter("a", 50);
  queue.addAfter("a", 20);
  queue.addAfter("a", 30);
  assert.equal(clock.pending, 1);
  await clock.advance(19);
  assert.deepEqual(started, []);
  await clock.advance(1);
  assert.deepEqual(started, ["a"]);
  queue.addAfter("b", 0);
  assert.equal(queue.size, 2);
});

test("size counts keys that wait, are being handled or back off, each once, but not those added with a delay", async () => {
  const { clock, queue, running, settle } = setUp({ backOff: { initialMs: 10, maxMs: 10 } });
  queue.addAfter("later", 1000);
  assert.equal(queue.size, 0);
  queue.add("a");
  await settle();
  assert.equal(queue.size, 1);
  running.get("a")!.fail(new Error("x"));
  await settle();
  assert.equal(queue.size, 1);
  queue.add("a");
  assert.equal(queue.size, 1);
  await settle();
  running.get("a")!.finish();
  await settle();
  assert.equal(queue.size, 0);
  await clock.advance(10);
  assert.equal(queue.size, 1, "the retry that was already set comes, too");
});

test("closing drops waiting keys, waits for those being handled, and may be called twice", async () => {
  const { clock, queue, started, running, settle } = setUp();
  queue.add("a");
  queue.add("b");
  queue.addAfter("c", 10);
  await settle();
  let closed = 0;
  const closing = [queue.close().then(() => closed++), queue.close().then(() => closed++)];
  await settle();
  assert.equal(closed, 0);
  queue.add("d");
  queue.addAfter("e", 1);
  running.get("a")!.fail(new Error("too late to be tried again"));
  await Promise.all(closing);
  assert.equal(closed, 2);
  assert.equal(clock.pending, 0);
  assert.deepEqual(started, ["a"]);
  await setUp().queue.close();
});
