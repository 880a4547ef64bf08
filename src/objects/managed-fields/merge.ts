/** Puts an applied configuration over the live object (structured-merge-diff typed.Merge). */
import { copyJson, isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import type { ListSchema, MapSchema, ObjectSchema, Schema } from "../schema/model.ts";
import { itemElement } from "./path-element.ts";
import { fieldSchemaOf, isBlank, shapeOf } from "./values.ts";

/** A fresh object; null stands for what the configuration sets to null. */
export function mergeApplied(live: Readonly<JsonMap>, applied: Readonly<JsonMap>, schema: ObjectSchema): JsonMap {
  return mergeMaps(live, applied, schema) ?? {};
}

function mergeValues(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (applied === undefined) return copyJson(live);
  if (live === undefined || live === null) return copyJson(applied);
  const shape = shapeOf(live, schema);
  if (applied === null) return shape.type === "leaf" || isBlank(live) ? null : copyJson(live);
  if (shape.type === "leaf" || shapeOf(applied, schema).type !== shape.type) return copyJson(applied);
  if (isBlank(live) || isBlank(applied)) return copyJson(isBlank(applied) && !isBlank(live) ? live : applied);
  if (shape.type === "map" && isMap(live) && isMap(applied)) return mergeMaps(live, applied, shape.schema);
  if (shape.type === "list" && isList(live) && isList(applied)) return mergeLists(live, applied, shape.schema);
  return copyJson(applied);
}

function mergeMaps(
  live: Readonly<JsonMap>,
  applied: Readonly<JsonMap>,
  schema: ObjectSchema | MapSchema | undefined,
): JsonMap | undefined {
  const result: JsonMap = {};
  let any = false;
  const put = (key: string, value: unknown) => {
    if (value === undefined) return;
    setValue(result, key, value);
    any = true;
  };
  for (const key in live) {
    put(key, mergeValues(live[key], ownValue(applied, key), fieldSchemaOf(schema, key) ?? undefined));
  }
  for (const key in applied) if (!Object.hasOwn(live, key)) put(key, copyJson(applied[key]));
  return any ? result : undefined;
}

/**
 * Items are in the order of the configuration, those that only the live object has keep their place among them as
 * far as that is possible.
 */
function mergeLists(live: readonly unknown[], applied: readonly unknown[], schema: ListSchema): unknown[] {
  const liveKeys: string[] = [];
  const liveItems: unknown[] = [];
  const inLive = new Map<string, unknown>();
  for (const item of live) {
    const key = itemElement(item, schema);
    if (key === undefined) continue;
    // Duplicates are not merged with what is applied, but replaced by it.
    inLive.set(key, inLive.has(key) ? undefined : item);
    liveKeys.push(key);
    liveItems.push(item);
  }
  const appliedKeys: string[] = [];
  const inApplied = new Map<string, unknown>();
  for (const item of applied) {
    const key = itemElement(item, schema);
    if (key === undefined || inApplied.has(key)) continue;
    inApplied.set(key, item);
    appliedKeys.push(key);
  }
  const shared = appliedKeys.filter((key) => inLive.has(key));
  let nextShared = 0;
  const merged = new Set<string>();
  const result: unknown[] = [];
  const take = (key: string) => {
    merged.add(key);
    result.push(mergeValues(inLive.get(key), inApplied.get(key), schema.items));
  };

  for (let l = 0, a = 0; l < liveKeys.length || a < appliedKeys.length;) {
    if (l < liveKeys.length && a < appliedKeys.length) {
      const key = liveKeys[l]!;
      if (key === appliedKeys[a]) {
        take(key);
        l++;
        a++;
        nextShared++;
        continue;
      }
      if (inApplied.has(key) && nextShared < shared.length && shared[nextShared] !== key) {
        // Shared, but its turn comes later.
        l++;
        continue;
      }
    }
    if (l < liveKeys.length) {
      const key = liveKeys[l]!;
      if (!inApplied.has(key)) {
        result.push(copyJson(liveItems[l]));
        l++;
        continue;
      }
      if (merged.has(key)) l++;
    }
    if (a < appliedKeys.length) {
      const key = appliedKeys[a]!;
      take(key);
      a++;
      if (shared[nextShared] === key) nextShared++;
    }
  }
  return result;
}
