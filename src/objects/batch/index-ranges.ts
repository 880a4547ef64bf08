/** Indexes of a Job's Pods, `first` to `last`, both included. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/** Ascending; no two overlap or touch. */
export type IndexRanges = readonly IndexRange[];

const WHOLE_NUMBER = /^[+-]?\d+$/;

/**
 * What a list like `0,2-5` holds below `completions`. A part that is no number is left out.
 * Source: upstream pkg/controller/job parseIndexesFromString.
 */
export function parseIndexRanges(text: string | undefined, completions: number): IndexRanges {
  if (!text) return [];
  const ranges: IndexRange[] = [];
  for (const part of text.split(",")) {
    const [from = "", to = from] = part.split("-");
    if (!WHOLE_NUMBER.test(from) || !WHOLE_NUMBER.test(to)) continue;
    const first = Number(from);
    if (first >= completions) break;
    ranges.push({ first, last: Math.min(Number(to), completions - 1) });
  }
  return mergeIndexRanges(ranges, []);
}

/** The inverse of {@link parseIndexRanges}: two neighbours are `1,2`, three are `1-3`. */
export function formatIndexRanges(ranges: IndexRanges): string {
  return ranges
    .map(({ first, last }) => {
      if (first === last) return `${first}`;
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
    })
    .join(",");
}

/** These indexes, in any order, also more than once. */
export function indexRangesOf(indexes: Iterable<number>): IndexRanges {
  return mergeIndexRanges(
    [...indexes].sort((a, b) => a - b).map((index) => ({ first: index, last: index })),
    [],
  );
}

/** What is in either. Both ascend by `first`. */
export function mergeIndexRanges(a: IndexRanges, b: IndexRanges): IndexRanges {
  const merged: IndexRange[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const next = j >= b.length || (i < a.length && a[i]!.first < b[j]!.first) ? a[i++]! : b[j++]!;
    const last = merged.at(-1);
    if (!last || next.first > last.last + 1) merged.push(next);
    else if (next.last > last.last) merged[merged.length - 1] = { first: last.first, last: next.last };
  }
  return merged;
}

export function countIndexesIn(ranges: IndexRanges): number {
  let count = 0;
  for (const { first, last } of ranges) count += last - first + 1;
  return count;
}

export function hasIndex(ranges: IndexRanges, index: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.last >= index) high = middle;
    else low = middle + 1;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= index;
}

/** How many indexes are in both. */
export function countCommonIndexes(a: IndexRanges, b: IndexRanges): number {
  let [i, j, count] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [one, other] = [a[i]!, b[j]!];
    count += Math.max(0, Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1);
    if (one.last <= other.last) i++;
    if (other.last <= one.last) j++;
  }
  return count;
}

/** The first `count` indexes from 0 that are below `completions` and not in the ranges. */
export function firstMissingIndexes(ranges: IndexRanges, count: number, completions: number): readonly number[] {
  const missing: number[] = [];
  let candidate = 0;
  for (const { first, last } of ranges) {
    for (; candidate < first && candidate < completions && missing.length < count; candidate++) missing.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  for (; candidate < completions && missing.length < count; candidate++) missing.push(candidate);
  return missing;
}
