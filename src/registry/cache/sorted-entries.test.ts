import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SortedEntries } from "./sorted-entries.ts";

interface Item {
  readonly storeKey: string;
  readonly value: number;
}

test("ranges and counts are those of a sorted list", () => {
  const key = fc.integer({ min: 0, max: 3000 }).map((n) => `k${String(n).padStart(4, "0")}`);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), key), { minLength: 1, maxLength: 4000, size: "max" }),
      fc.array(fc.tuple(key, key), { minLength: 5, maxLength: 5 }),
      (changes, ranges) => {
        const sorted = new SortedEntries<Item>();
        const plain = new Map<string, Item>();
        for (const [i, [removes, storeKey]] of changes.entries()) {
          if (removes && i % 3 === 0) {
            sorted.delete(storeKey);
            plain.delete(storeKey);
          } else {
            const item = { storeKey, value: i };
            sorted.set(item);
            plain.set(storeKey, item);
          }
        }
        assert.equal(sorted.size, plain.size);
        const inOrder = [...plain.values()].toSorted((a, b) => (a.storeKey < b.storeKey ? -1 : 1));
        for (const [start, end] of [...ranges, ["", "z"] as const]) {
          const expected = inOrder.filter((item) => item.storeKey >= start && item.storeKey < end);
          assert.deepEqual(sorted.range(start, end), expected);
          assert.deepEqual(sorted.range(start, end, 7), expected.slice(0, 7));
          assert.equal(sorted.count(start, end), expected.length);
        }
        for (const { storeKey } of inOrder.slice(0, 20)) assert.equal(sorted.get(storeKey), plain.get(storeKey));
      },
    ),
    { numRuns: 30 },
  );
});
