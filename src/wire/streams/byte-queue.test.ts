import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteBudget, ByteQueue } from "./byte-queue.ts";
import { collect } from "./testing/pipe.ts";

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what goes in comes out, and never more waits than the limit and one piece", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.integer({ min: 0, max: 100 }),
      async (pieces, limit) => {
        const budget = new ByteBudget(Number.POSITIVE_INFINITY);
        const queue = new ByteQueue(limit, budget);
        let most = 0;
        const push = async () => {
          for (const piece of pieces) {
            const room = queue.push(piece);
            most = Math.max(most, budget.used);
            await room;
          }
          queue.end();
        };
        const [got] = await Promise.all([collect(queue), push()]);
        assert.deepEqual(got, Buffer.concat(pieces));
        assert.ok(most <= limit + 50);
        assert.equal(budget.used, 0);
      },
    ),
  );
});

test("a budget holds up the writers of all its queues", async () => {
  const budget = new ByteBudget(10);
  const [one, other] = [new ByteQueue(100, budget), new ByteQueue(100, budget)];
  await one.push(new Uint8Array(10));
  let pushed = false;
  const pushing = other.push(new Uint8Array(1)).then(() => (pushed = true));
  await soon();
  assert.equal(pushed, false);
  one.drop();
  await pushing;
  assert.equal(budget.used, 1);
});

test("a waiting writer goes on when the reader is gone", async () => {
  for (const stop of [(queue: ByteQueue) => queue.drop(), (queue: ByteQueue) => queue.end()]) {
    const queue = new ByteQueue(0);
    let heldUp = true;
    void queue.push(new Uint8Array(1)).then(() => (heldUp = false));
    await soon();
    assert.ok(heldUp);
    stop(queue);
    await soon();
    assert.ok(!heldUp);
  }
});

test("an error comes after the bytes", async () => {
  const queue = new ByteQueue(10);
  await queue.push(Uint8Array.of(1));
  queue.end(new Error("broken"));
  const got: number[] = [];
  await assert.rejects(async () => {
    for await (const bytes of queue) got.push(...bytes);
  }, /broken/);
  assert.deepEqual(got, [1]);
});
