import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Estimate, isExclusive, nextFile } from "./schedule.ts";

test("the first file starts that may run beside those that run", () => {
  const waiting = ["/a.real.test.ts", "/b.real.test.ts", "/c.test.ts"];
  assert.equal(nextFile(waiting, []), "/a.real.test.ts");
  assert.equal(nextFile(waiting, ["/d.test.ts"]), "/a.real.test.ts");
  assert.equal(nextFile(waiting, ["/e.real.test.ts", "/d.test.ts"]), "/c.test.ts");
  assert.equal(nextFile(["/a.real.test.ts"], ["/e.real.test.ts"]), undefined);
  assert.equal(nextFile([], []), undefined);
});

test("an estimate has files beside one another, exclusive ones one after the other", () => {
  const estimate = new Estimate(2);
  estimate.add("a.test.ts", 10);
  estimate.add("b.real.test.ts", 3);
  assert.equal(estimate.endOf("c.test.ts", 1), 4);
  estimate.add("c.test.ts", 1);
  estimate.add("d.real.test.ts", 20);
  assert.equal(estimate.endOf("e.test.ts", 5), 15);
  assert.equal(estimate.endOf("f.real.test.ts", 5), 29);
});

test("an estimate is never below what the workers can do, nor below the exclusive files together", () => {
  const file = fc.record({ real: fc.boolean(), seconds: fc.integer({ min: 1, max: 50 }) });
  fc.assert(
    fc.property(fc.array(file, { minLength: 1 }), fc.integer({ min: 1, max: 4 }), (files, workers) => {
      const estimate = new Estimate(workers);
      let [last, all, exclusive] = [0, 0, 0];
      for (const { real, seconds } of files) {
        const name = real ? "a.real.test.ts" : "a.test.ts";
        last = Math.max(last, estimate.endOf(name, seconds));
        estimate.add(name, seconds);
        all += seconds;
        if (isExclusive(name)) exclusive += seconds;
      }
      assert.ok(last >= exclusive && last >= all / workers && last <= all);
    }),
  );
});
