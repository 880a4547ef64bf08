/** The fields of one value. */
import { isList, isMap } from "../json.ts";
import type { ListSchema, Schema } from "../schema/model.ts";
import { EMPTY, LEAF, NOTHING_YET, type FieldSet } from "./field-set.ts";
import { fieldElement, itemElement } from "./path-element.ts";
import { fieldSchemaOf, isBlank, shapeOf } from "./values.ts";

/**
 * Every field of a value that came or went as a whole, the value itself and all containers in it included
 * (what structured-merge-diff compares a missing value with).
 */
export function wholeFields(value: unknown, schema: Schema | undefined): FieldSet {
  const shape = shapeOf(value, schema);
  if (shape.type === "leaf" || isBlank(value)) return LEAF;
  let state = NOTHING_YET;
  if (shape.type === "map") {
    if (!isMap(value)) return LEAF;
    for (const key in value) {
      const part = value[key];
      const partSchema = part === undefined ? null : fieldSchemaOf(shape.schema, key);
      if (partSchema === null) continue;
      state = state.with(fieldElement(key), typeof part === "object" ? wholeFields(part, partSchema) : LEAF);
    }
  } else {
    if (!isList(value)) return LEAF;
    const { items: itemSchema } = shape.schema;
    const elements = distinctElements(value, shape.schema);
    if (elements) {
      for (let i = 0; i < value.length; i++) {
        const element = elements[i];
        if (element !== undefined) state = state.with(element, wholeFields(value[i], itemSchema));
      }
    } else {
      for (const [element, items] of itemsByElement(value, shape.schema)) {
        state = state.with(element, items.length > 1 ? LEAF : wholeFields(items[0], itemSchema));
      }
    }
  }
  return state.node(true)!;
}

const SHORT = 8;

/** The element of each item of a short list, if they are all different. */
function distinctElements(list: readonly unknown[], schema: ListSchema): readonly (string | undefined)[] | undefined {
  if (list.length > SHORT) return undefined;
  const elements: (string | undefined)[] = [];
  for (const item of list) {
    const element = itemElement(item, schema);
    if (element !== undefined && elements.includes(element)) return undefined;
    elements.push(element);
  }
  return elements;
}

/** Items of a set or map list by their element; several have the same one when a list has duplicates, and those without a key are left out. */
export function itemsByElement(list: readonly unknown[], schema: ListSchema): Map<string, unknown[]> {
  const result = new Map<string, unknown[]>();
  for (const item of list) {
    const element = itemElement(item, schema);
    if (element === undefined) continue;
    const items = result.get(element);
    if (items) items.push(item);
    else result.set(element, [item]);
  }
  return result;
}

/**
 * The fields that an applied configuration claims: every leaf, every item of a list and every entry of a map, but
 * not the containers (structured-merge-diff ToFieldSet).
 */
export function claimedFields(value: unknown, schema: Schema | undefined): FieldSet {
  const node = claimed(value, schema, false);
  return node === undefined || node === LEAF ? EMPTY : node;
}

function claimed(value: unknown, schema: Schema | undefined, self: boolean): FieldSet | undefined {
  const shape = shapeOf(value, schema);
  if (shape.type === "leaf") return LEAF;
  let state = NOTHING_YET;
  if (shape.type === "map") {
    if (!isMap(value)) return LEAF;
    const declared = shape.schema?.type === "object" ? shape.schema.fields : undefined;
    for (const key in value) {
      const part = value[key];
      const partSchema = part === undefined ? null : fieldSchemaOf(shape.schema, key);
      if (partSchema === null) continue;
      const isEmptyMap = isMap(part) && isBlank(part);
      const node = claimed(part, partSchema, isEmptyMap || !declared?.has(key));
      if (node) state = state.with(fieldElement(key), node);
    }
  } else {
    if (!isList(value)) return LEAF;
    for (const [element, items] of itemsByElement(value, shape.schema)) {
      const node = items.length > 1 ? LEAF : claimed(items[0], shape.schema.items, true);
      if (node) state = state.with(element, node);
    }
  }
  return state.node(self);
}
