/** Lists in a strategic merge patch whose strategy is to merge. */
import { isList, isMap, ownValue, type JsonMap } from "../json.ts";
import { hasPatchDirective, PATCH } from "./directives.ts";
import { keyBy, ordered, requireMergeKey } from "./list-order.ts";
import {
  emptyLists,
  listOfLists,
  mergeDirectiveInList,
  mixedList,
  noItemMap,
  noMergeKey,
  noMergeKeyDeclared,
  orderMismatch,
  unknownDirective,
  wrongType,
} from "./strategic-error.ts";

/** Merges two maps that stand for the same item. */
export type MergeItem = (original: JsonMap, patch: JsonMap) => JsonMap;

const identity = (item: unknown) => item;

/** "map" or "scalar": the items of all lists must be alike, and none may be a list. */
function itemKind(...lists: readonly (readonly unknown[])[]): "map" | "scalar" {
  let kind: string | undefined;
  for (const list of lists) {
    for (const item of list) {
      const found = isList(item) ? "list" : isMap(item) ? "map" : typeof item;
      if (found === "list" && kind === undefined) throw listOfLists();
      kind ??= found;
      if (kind !== found) throw mixedList(lists);
    }
  }
  if (kind === undefined) throw emptyLists();
  return kind === "map" ? "map" : "scalar";
}

/** `$deleteFromPrimitiveList`: the list without these items. */
export function withoutItems(original: unknown[], removed: readonly unknown[]): unknown[] {
  if (original.length === 0 && removed.length === 0) return original;
  itemKind(original, removed);
  const gone = new Set(removed);
  return original.filter((item) => !gone.has(item));
}

export interface MergedList {
  /** In order. */
  readonly list: unknown[];
  /** What a $setElementOrder takes for the order of the live list. */
  readonly live: readonly unknown[];
}

/** `mergeKey` is empty for lists of scalars. */
export function mergeLists(
  original: unknown[],
  patch: readonly unknown[],
  mergeKey: string,
  mergeItem: MergeItem,
): MergedList {
  if (original.length === 0 && patch.length === 0) return { list: original, live: original };
  if (itemKind(original, patch) === "scalar") {
    const both = [...new Set([...original, ...patch])];
    return { list: ordered(both, patch, original, mergeKey ? keyBy(mergeKey) : identity), live: original };
  }
  if (mergeKey === "") throw noMergeKeyDeclared();
  const special = applySpecialItems(original as JsonMap[], patch as JsonMap[], mergeKey);
  const merged = mergeItems(special.original, special.patch, mergeKey, mergeItem);
  requireMergeKey(merged, mergeKey);
  return {
    list: ordered(merged, special.patch, special.original, keyBy(mergeKey)),
    // Upstream merges into the live list's own memory: what is added takes the places of what was deleted there,
    // and counts as live when the list is put in order afterwards.
    live: merged.slice(0, original.length),
  };
}

/** Carries out the items that are directives, and takes them out of the patch. */
function applySpecialItems(original: JsonMap[], patch: readonly JsonMap[], mergeKey: string) {
  const plain: JsonMap[] = [];
  const deleted = new Set<unknown>();
  let replace = false;
  for (const item of patch) {
    if (!hasPatchDirective(item)) {
      plain.push(item);
      continue;
    }
    const directive = ownValue(item, PATCH);
    switch (directive) {
      case "delete":
        if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
        deleted.add(item[mergeKey]);
        break;
      case "replace":
        replace = true;
        break;
      case "merge":
        throw mergeDirectiveInList();
      default:
        throw unknownDirective(directive, item);
    }
  }
  if (replace) return { original: plain, patch: [] };
  const keyOf = keyBy(mergeKey);
  return {
    original: deleted.size === 0 ? original : original.filter((item) => !deleted.has(keyOf(item))),
    patch: plain,
  };
}

function mergeItems(
  original: readonly JsonMap[],
  patch: readonly JsonMap[],
  mergeKey: string,
  mergeItem: MergeItem,
): JsonMap[] {
  const result = [...original];
  const positions = new Map<unknown, number>();
  result.forEach((item, i) => {
    const key = ownValue(item, mergeKey);
    if (Object.hasOwn(item, mergeKey) && !positions.has(key)) positions.set(key, i);
  });
  for (const item of patch) {
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
    const key = item[mergeKey];
    const position = positions.get(key);
    if (position !== undefined) result[position] = mergeItem(result[position]!, item);
    else {
      positions.set(key, result.length);
      result.push(item);
    }
  }
  return result;
}

/** The items that a patch sets must stand in its $setElementOrder list, in the same relative order. */
export function checkElementOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  let items = patch;
  if (mergeKey) {
    for (const item of patch) if (!isMap(item)) throw wrongType("map", item);
    items = patch.filter((item) => !hasPatchDirective(item));
  }
  let at = 0;
  for (const wanted of order) {
    if (at >= items.length) return;
    if (same(items[at], wanted, mergeKey)) at++;
  }
  if (at < items.length) throw orderMismatch(patch, order);
}

function same(item: unknown, wanted: unknown, mergeKey: string): boolean {
  if (!mergeKey) return item === wanted;
  for (const side of [item, wanted]) {
    if (!isMap(side)) throw wrongType("map", side);
    if (!Object.hasOwn(side, mergeKey)) throw noMergeKey(side, mergeKey);
  }
  return (item as JsonMap)[mergeKey] === (wanted as JsonMap)[mergeKey];
}

/** Orders a list by its $setElementOrder; `patch` is what the patch sets. */
export function applyElementOrder(
  { list, live }: MergedList,
  order: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): unknown[] {
  if (mergeKey) {
    requireMergeKey(list, mergeKey);
    for (const [i, item] of order.entries()) if (!isMap(item)) throw noItemMap(i);
  }
  const kind = itemKind(live, patch);
  if (kind === "map") {
    if (!mergeKey) throw noMergeKeyDeclared();
    requireMergeKey(order, mergeKey);
  }
  return ordered(list, order, live, mergeKey ? keyBy(mergeKey) : identity);
}

/** The value of a `$setElementOrder/…` as a list. */
export function orderList(value: unknown): readonly unknown[] {
  if (!isList(value)) throw wrongType("list", value);
  return value;
}
