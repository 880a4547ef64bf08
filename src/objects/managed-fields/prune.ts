/** Takes out of the merged object what its manager applied before, applies no more, and no other manager owns. */
import type { Steps } from "#base";
import { isList, isMap, ownValue, setValue, type JsonMap } from "../json.ts";
import type { ObjectSchema, Schema } from "../schema/model.ts";
import {
  below,
  elementsOf,
  hasElement,
  intersect,
  isEmptySet,
  isMember,
  NOTHING_YET,
  EMPTY,
  subtract,
  union,
  type FieldSet,
} from "./field-set.ts";
import { claimedFields, itemsByElement } from "./fields-of.ts";
import { fieldElement, itemElement } from "./path-element.ts";
import { fieldSchemaOf, isBlank, shapeOf } from "./values.ts";

/** `last` is what the manager owned before, `managed` what all managers, this one included, own now. */
export function* prune(merged: JsonMap, last: FieldSet, managed: FieldSet, schema: ObjectSchema): Steps<JsonMap> {
  if (isEmptySet(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(set, schema);
  const lastNamed = named(last);
  yield;
  const mergedSet = named(claimedFields(merged, schema));
  yield;

  const stripped = removeItems(merged, lastNamed, schema);
  yield;
  const strippedSet = named(claimedFields(stripped, schema));
  // What a manager owns comes back.
  yield;
  const unowned = subtract(mergedSet, union(strippedSet, named(managed)));
  yield;
  const owned = removeItems(merged, unowned, schema);
  yield;
  // What went although the manager did not own it comes back too.
  const ownedSet = named(claimedFields(owned, schema));
  yield;
  const gone = intersect(subtract(mergedSet, ownedSet), lastNamed);
  return (removeItems(merged, gone, schema) ?? {}) as JsonMap;
}

/** The set with the declared fields that lead to its members made members themselves; entries of maps are not. */
function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  return namedNode(set, schema, false) ?? EMPTY;
}

function namedNode(set: FieldSet, schema: Schema | undefined, self: boolean): FieldSet | undefined {
  let state = NOTHING_YET;
  for (const element of elementsOf(set)) {
    const node = set[element]!;
    const { schema: part, declared } = partOf(schema, element);
    const result = namedNode(node, part, declared || isMember(node));
    if (result) state = state.with(element, result);
  }
  return state.node(self);
}

function partOf(schema: Schema | undefined, element: string): { schema: Schema | undefined; declared: boolean } {
  if (element.startsWith("f:")) {
    const name = element.slice(2);
    if (schema?.type === "object") {
      const declared = schema.fields.has(name);
      return { schema: fieldSchemaOf(schema, name) ?? undefined, declared };
    }
    return { schema: schema?.type === "map" ? schema.values : undefined, declared: false };
  }
  return { schema: schema?.type === "list" && element.startsWith("k:") ? schema.items : undefined, declared: false };
}

/** A copy, as far as it differs, of a value without the members of a set. What is emptied so becomes null. */
function removeItems(value: unknown, set: FieldSet, schema: Schema | undefined): unknown {
  if (isEmptySet(set)) return value;
  const shape = shapeOf(value, schema);
  if (shape.type === "leaf") return typeof value === "object" ? null : value;
  if (isBlank(value)) return null;
  if (shape.type === "map" && isMap(value)) {
    const result: JsonMap = {};
    for (const key in value) {
      const element = fieldElement(key);
      if (hasElement(set, element)) continue;
      const inner = below(set, element);
      const partSchema = fieldSchemaOf(shape.schema, key) ?? undefined;
      setValue(result, key, isEmptySet(inner) ? value[key] : removeItems(value[key], inner, partSchema));
    }
    return isBlank(result) ? null : result;
  }
  if (shape.type === "list" && isList(value)) {
    const result: unknown[] = [];
    for (const item of value) {
      const element = itemElement(item, shape.schema);
      if (element !== undefined && hasElement(set, element)) continue;
      const inner = element === undefined ? EMPTY : below(set, element);
      result.push(isEmptySet(inner) ? item : removeItems(item, inner, shape.schema.items));
    }
    return result.length === 0 ? null : result;
  }
  return value;
}

/**
 * What was set to null or emptied is dropped, or with `keepContainers` left as an empty container: the manager that
 * owns a container still does when it was emptied. Nulls that the live object has already, and those in leaves, stay.
 * Changes the value.
 */
export function dropNulls(value: unknown, live: unknown, schema: Schema | undefined, keepContainers: boolean): void {
  const shape = shapeOf(value, schema);
  if (shape.type === "map" && isMap(value)) {
    const before = isMap(live) ? live : undefined;
    for (const key of Object.keys(value)) {
      const part = value[key];
      const was = before && ownValue(before, key);
      const partSchema = fieldSchemaOf(shape.schema, key) ?? undefined;
      const emptied = isBlank(part) && !isBlank(was) && shapeOf(was, partSchema).type !== "leaf";
      if (emptied && keepContainers) setValue(value, key, isList(was) ? [] : {});
      else if (emptied || part === undefined || (part === null && was !== null)) delete value[key];
      else dropNulls(part, was, partSchema, keepContainers);
    }
  } else if (shape.type === "list" && isList(value)) {
    const before = isList(live) ? itemsByElement(live, shape.schema) : undefined;
    for (const item of value) {
      const element = itemElement(item, shape.schema);
      const was = element === undefined ? undefined : before?.get(element)?.[0];
      dropNulls(item, was, shape.schema.items, keepContainers);
    }
  }
}
