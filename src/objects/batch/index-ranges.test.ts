import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  countCommonIndexes,
  countIndexesIn,
  firstMissingIndexes,
  formatIndexRanges,
  hasIndex,
  indexRangesOf,
  mergeIndexRanges,
  parseIndexRanges,
  type IndexRanges,
} from "./index-ranges.ts";

const COMPLETIONS = 30;
const indexes = fc.array(fc.nat(COMPLETIONS - 1), { maxLength: 20 });
const membersOf = (ranges: IndexRanges) =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
const ascending = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b);

test("ranges are a set of indexes", () => {
  fc.assert(
    fc.property(indexes, indexes, fc.nat(COMPLETIONS + 5), (a, b, index) => {
      const [one, other] = [indexRangesOf(a), indexRangesOf(b)];
      assert.deepEqual(membersOf(one), ascending(a));
      assert.deepEqual(membersOf(mergeIndexRanges(one, other)), ascending([...a, ...b]));
      assert.equal(countIndexesIn(one), new Set(a).size);
      assert.equal(hasIndex(one, index), a.includes(index));
      assert.equal(countCommonIndexes(one, other), new Set(a.filter((n) => b.includes(n))).size);
      assert.deepEqual(parseIndexRanges(formatIndexRanges(one), COMPLETIONS), one);
    }),
  );
});

test("the first missing indexes are those that are in no range, below the number of completions", () => {
  fc.assert(
    fc.property(indexes, fc.nat(10), fc.nat(COMPLETIONS), (taken, count, completions) => {
      const expected = Array.from({ length: completions }, (_, n) => n).filter((n) => !taken.includes(n));
      assert.deepEqual(firstMissingIndexes(indexRangesOf(taken), count, completions), expected.slice(0, count));
    }),
  );
});

test("two neighbours are written one by one, three as a range", () => {
  assert.equal(formatIndexRanges(indexRangesOf([1, 2, 4, 5, 6, 9])), "1,2,4-6,9");
});

test("what is read ends below the number of completions; parts that are no numbers are left out", () => {
  assert.deepEqual(parseIndexRanges("0,2-9,12", 5), [
    { first: 0, last: 0 },
    { first: 2, last: 4 },
  ]);
  assert.deepEqual(parseIndexRanges("x,1,2", 5), [{ first: 1, last: 2 }]);
  assert.deepEqual(parseIndexRanges(undefined, 5), []);
});
