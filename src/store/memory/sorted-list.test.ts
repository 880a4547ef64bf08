import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { SortedList } from "./sorted-list.ts";

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function collect(list: SortedList<{ key: string }>, start: string, end: string): string[] {
  const keys: string[] = [];
  list.scan(start, end, ({ key }) => {
    keys.push(key);
    return true;
  });
  return keys;
}

const key = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[a-c]{1,4}$/) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 3 }) },
);
const operation = fc.record({ insert: fc.boolean(), key });

test("it holds what a set would, in the order of the bytes", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), key, key, (operations, start, end) => {
      const list = new SortedList<{ key: string }>();
      const model = new Set<string>();
      for (const each of operations) {
        if (!each.insert) assert.equal(list.delete(each.key), model.delete(each.key));
        else if (!model.has(each.key)) {
          model.add(each.key);
          list.insert({ key: each.key });
        }
      }
      const expected = [...model].toSorted(byBytes);
      assert.equal(list.size, model.size);
      assert.deepEqual(collect(list, "", "\u{10ffff}\u{10ffff}"), expected);
      const within = expected.filter((each) => byBytes(each, start) >= 0 && byBytes(each, end) < 0);
      assert.deepEqual(collect(list, start, end), within);
      assert.equal(list.count(start, end), within.length);
    }),
  );
});

test("many items, inserted and deleted in any order, stay sorted over its chunks", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(3000), fc.nat(3000), (seed, from, to) => {
      const list = new SortedList<{ key: string }>();
      const name = (i: number) => `k${String(i).padStart(5, "0")}`;
      // Steps through all numbers below 3001, which is prime.
      const step = 1 + (Math.abs(seed) % 3000);
      for (let i = 0, n = 0; i < 3001; i++, n = (n + step) % 3001) list.insert({ key: name(n) });
      for (let n = 0; n < 3001; n += 2) assert(list.delete(name(n)));
      const expected = Array.from({ length: 1500 }, (_, i) => name(2 * i + 1));
      assert.deepEqual(collect(list, "", "z"), expected);
      const within = expected.filter((each) => each >= name(from) && each < name(to));
      assert.equal(list.count(name(from), name(to)), within.length);
      assert.deepEqual(collect(list, name(from), name(to)), within);
      for (const each of expected) assert(list.delete(each));
      assert.equal(list.size, 0);
      assert.equal(list.count("", "z"), 0);
      assert.equal(list.delete("k00001"), false);
    }),
    { numRuns: 10 },
  );
});

test("a scan ends when it is told to", () => {
  const list = new SortedList<{ key: string }>();
  for (const each of ["a", "b", "c", "d"]) list.insert({ key: each });
  const seen: string[] = [];
  list.scan("b", "z", (item) => {
    seen.push(item.key);
    return seen.length < 2;
  });
  assert.deepEqual(seen, ["b", "c"]);
});
