import { strict as assert } from "node:assert";
import { test } from "node:test";
import { failuresOf, nextBackoff, waitsUntil, type Backoff } from "./back-off.ts";

const MINUTE = 60_000;

test("each failure doubles the wait, from a second to a quarter of an hour", () => {
  const delays: number[] = [];
  let backoff: Backoff | undefined;
  let now = 0;
  for (let at = 0; at < 12; at++) {
    backoff = nextBackoff(backoff, now);
    delays.push(backoff.delayMs / 1000);
    assert.equal(waitsUntil(backoff, now), now + backoff.delayMs);
    now += backoff.delayMs;
    assert.equal(waitsUntil(backoff, now), undefined);
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
});

test("half an hour without a failure begins anew", () => {
  const long: Backoff = { delayMs: 15 * MINUTE, since: 0 };
  assert.equal(nextBackoff(long, 30 * MINUTE).delayMs, 15 * MINUTE);
  assert.equal(nextBackoff(long, 30 * MINUTE + 1).delayMs, 1000);
});

test("the failures of another set of the name, or of another generation, do not count, and forgiven ones are dropped", () => {
  const byNode = new Map([
    ["n1", { delayMs: 1000, since: 0 }],
    ["n2", { delayMs: 1000, since: 31 * MINUTE }],
  ]);
  const known = { uid: "a", generation: 1, byNode };
  assert.deepEqual([...failuresOf(known, "a", 1, 31 * MINUTE).byNode.keys()], ["n2"]);
  assert.equal(failuresOf(known, "b", 1, 0).byNode.size, 0);
  assert.equal(failuresOf(known, "a", 2, 0).byNode.size, 0);
  assert.equal(failuresOf(undefined, "a", 2, 0).byNode.size, 0);
});
