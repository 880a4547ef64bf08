import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compactionTarget, createCompactionTrigger, DEFAULT_HISTORY } from "./retention.ts";

test("nothing goes that either limit keeps, and all else goes in time", () => {
  const gaps = fc.array(fc.record({ count: fc.integer({ min: 1, max: 4000 }), pause: fc.nat(100_000) }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      gaps,
      fc.nat(200_000),
      fc.integer({ min: 1, max: 3000 }),
      fc.nat(200_000),
      (bursts, ms, keep, since) => {
        const times = [0, 0];
        let time = 0;
        for (const { count, pause } of bursts) {
          for (let i = 0; i < count; i++) times.push(time);
          time += pause;
        }
        const revision = times.length - 1;
        const now = time + since;
        const mayGo = (each: number) => each <= revision - keep && times[each]! <= now - ms;
        let compacted = 0;
        for (;;) {
          const target = compactionTarget(
            { ms, revisions: keep },
            { revision, compacted, now, timeOf: (each) => times[each]! },
          );
          if (target === undefined) break;
          assert(target > compacted);
          assert(mayGo(target), `${target} of ${revision} is still wanted`);
          compacted = target;
        }
        // What is left behind is too little to be worth the work.
        const left = Math.max(compacted, 1) + 500;
        assert(left > revision || !mayGo(left), `${left} of ${revision} could go`);
      },
    ),
  );
});

test("told to keep everything, nothing goes", () => {
  const view = { revision: 1e6, compacted: 0, now: 1e12, timeOf: () => 0 };
  assert.equal(compactionTarget("all", view), undefined);
  assert.notEqual(compactionTarget(DEFAULT_HISTORY, view), undefined);
});

test("it is time to look after many commits, or after some time", () => {
  const due = createCompactionTrigger();
  assert.equal(due(1, 0), true);
  assert.equal(due(2, 9_999), false);
  assert.equal(due(500, 9_999), false);
  assert.equal(due(501, 9_999), true);
  assert.equal(due(502, 19_998), false);
  assert.equal(due(502, 19_999), true);
});
