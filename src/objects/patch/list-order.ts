/** The order of a merged list: that of the patch first, that of the live list for what only the server has. */
import { isMap, ownValue } from "../json.ts";
import { noMergeKey, wrongType } from "./strategic-error.ts";

/** What tells the items of a list apart: the value itself, or a map's value for the merge key. */
export type KeyOf = (item: unknown) => unknown;

export const keyBy =
  (mergeKey: string): KeyOf =>
  (item) =>
    isMap(item) ? ownValue(item, mergeKey) : undefined;

/** Where each key stands first in a list. */
function ranks(list: readonly unknown[], keyOf: KeyOf): Map<unknown, number> {
  const result = new Map<unknown, number>();
  for (let i = 0; i < list.length; i++) {
    const key = keyOf(list[i]);
    if (!result.has(key)) result.set(key, i);
  }
  return result;
}

/** Every item must be a map that has the merge key. */
export function requireMergeKey(list: readonly unknown[], mergeKey: string): void {
  for (const item of list) {
    if (!isMap(item)) throw wrongType("map", item);
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
  }
}

/** Sorts by rank; upstream's comparison calls an item that has none smaller than any, which keeps short lists apart. */
function sortByRank(list: unknown[], order: ReadonlyMap<unknown, number>, keyOf: KeyOf): unknown[] {
  const ranked = list.map((item) => ({ item, rank: order.get(keyOf(item)) ?? -1 }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}

/**
 * Puts the items of `merged` in order. Those in `wanted` follow its order, the others that of `live`; the two
 * are then interleaved so that what both lists know stays in the order of `live` where that is possible.
 */
export function ordered(
  merged: readonly unknown[],
  wanted: readonly unknown[],
  live: readonly unknown[],
  keyOf: KeyOf,
): unknown[] {
  const wantedRanks = ranks(wanted, keyOf);
  const liveRanks = ranks(live, keyOf);
  const inPatch = sortByRank(
    merged.filter((item) => wantedRanks.has(keyOf(item))),
    wantedRanks,
    keyOf,
  );
  const serverOnly = sortByRank(
    merged.filter((item) => !wantedRanks.has(keyOf(item))),
    liveRanks,
    keyOf,
  );
  const result: unknown[] = [];
  let next = 0;
  for (const item of inPatch) {
    const rank = liveRanks.get(keyOf(item));
    while (next < serverOnly.length) {
      const left = liveRanks.get(keyOf(serverOnly[next]));
      if (left === undefined || rank === undefined || left >= rank) break;
      result.push(serverOnly[next++]);
    }
    result.push(item);
  }
  result.push(...serverOnly.slice(next));
  return result;
}
