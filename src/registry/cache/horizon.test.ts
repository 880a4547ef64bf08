import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Horizon, LISTED_MS } from "./horizon.ts";

const MINUTE = 60_000;

test("a revision is too old once a newer one has been the newest for five minutes", () => {
  const horizon = new Horizon(7, 0);
  horizon.note(8, MINUTE);
  assert.equal(horizon.isPast(7, 5 * MINUTE), false);
  assert.equal(horizon.isPast(6, 5 * MINUTE - 1), false);
  assert.equal(horizon.isPast(6, 5 * MINUTE), true);
  assert.equal(horizon.isPast(7, 6 * MINUTE - 1), false);
  assert.equal(horizon.isPast(7, 6 * MINUTE), true);
});

test("the newest revision is never too old, however long nothing is written", () => {
  const horizon = new Horizon(7, 0);
  assert.equal(horizon.isPast(7, 1000 * MINUTE), false);
});

test("whatever is written when, the answer is right to ten seconds", () => {
  const writes = fc.array(fc.nat(4 * MINUTE), { maxLength: 50 });
  fc.assert(
    fc.property(writes, fc.nat(30 * MINUTE), fc.nat(60), (gaps, later, revision) => {
      const horizon = new Horizon(1, 0);
      const times = [0];
      for (const gap of gaps) {
        times.push(times.at(-1)! + gap);
        horizon.note(times.length, times.at(-1)!);
      }
      const now = times.at(-1)! + later;
      const newestAt = (time: number) => times.findLastIndex((at) => at <= time) + 1;
      const past = horizon.isPast(revision, now);
      if (revision >= newestAt(now - LISTED_MS)) assert.equal(past, false);
      if (revision < newestAt(now - LISTED_MS - 10_000)) assert.equal(past, true);
    }),
  );
});
