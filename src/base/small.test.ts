import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assert as invariant, unreachable } from "./assert.ts";
import { createLog, silentLog } from "./log.ts";
import { createRandom, systemRandom, type Random } from "./random.ts";

test("assert throws for what does not hold, and only then", () => {
  invariant(1, "fine");
  assert.throws(() => invariant(0, "one is one"), /invariant broken: one is one/);
  assert.throws(() => unreachable("x" as never), /unreachable: "x"/);
});

test("a log's lines carry the fields of all its ancestors", () => {
  const lines: unknown[] = [];
  const log = createLog((...line) => lines.push(line), { a: 1 });
  log.info("one");
  log.with({ b: 2 }).warn("two", { c: 3, a: 4 });
  assert.deepEqual(lines, [
    ["info", "one", { a: 1 }],
    ["warn", "two", { a: 4, b: 2, c: 3 }],
  ]);
  silentLog.error("this goes nowhere");
});

const take = (random: Random) => [random.next(), random.int(1000), random.suffix(8), random.uuid()];

test("the same seed gives the same chances, another one others", () => {
  assert.deepEqual(take(createRandom(7)), take(createRandom(7)));
  assert.notDeepEqual(take(createRandom(7)), take(createRandom(8)));
});

test("numbers, suffixes and UUIDs have their form", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
      for (const random of [createRandom(seed), systemRandom]) {
        const next = random.next();
        assert.ok(next >= 0 && next < 1);
        const int = random.int(below);
        assert.ok(Number.isInteger(int) && int >= 0 && int < below);
        assert.match(random.suffix(5), /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
        assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }
    }),
  );
});

test("seeded numbers spread evenly", () => {
  const random = createRandom(1);
  const counts = Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[random.int(10)]!++;
  for (const count of counts) assert.ok(count > 850 && count < 1150, counts.join());
});
