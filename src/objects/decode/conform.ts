import { setValue } from "../json.ts";
import { isKnownEntries } from "../managed-fields/entries.ts";
import type { ObjectSchema, Schema } from "../schema/model.ts";
import { plainScalar } from "./scalars.ts";
import { zeroOf } from "./exact.ts";

/** Something is not as it should be, or only the text can tell: {@link decodeExactly} has to decide. */
export const UNSURE: unique symbol = Symbol("unsure");

/**
 * Brings a parsed value into the form of its schema in one pass, changing it in place: nulls and what upstream
 * cannot tell from nothing vanish, quantities and times get their canonical form. This is the way of every object without faults.
 */
export function conform(
  value: unknown,
  schema: Schema,
  options: { readonly dropUnknown: boolean },
): { readonly value: unknown; readonly keys: number } | typeof UNSURE {
  const pass = new Pass(options.dropUnknown);
  const result = pass.take(value, schema);
  return result === UNSURE ? UNSURE : { value: result, keys: pass.keys };
}

class Pass {
  /** How many keys of objects were seen. */
  keys = 0;
  readonly #dropUnknown: boolean;

  constructor(dropUnknown: boolean) {
    this.#dropUnknown = dropUnknown;
  }

  take(value: unknown, schema: Schema): unknown {
    switch (schema.type) {
      case "object":
        return isObject(value) ? this.#object(value, schema) : UNSURE;
      case "map":
        return isObject(value) ? this.#map(value, schema.values) : UNSURE;
      case "list":
        if (!Array.isArray(value)) return UNSURE;
        // The managedFields of a stored object: they have their form, and are shared.
        return isKnownEntries(value) ? value : this.#list(value as unknown[], schema.items);
      case "scalar":
        return plainScalar(value, schema.scalar) ?? UNSURE;
      case "any":
        this.#count(value);
        return value;
    }
  }

  #object(object: Record<string, unknown>, schema: ObjectSchema): unknown {
    const keys = Object.keys(object);
    this.keys += keys.length;
    let dropped: Set<string> | undefined;
    for (const key of keys) {
      const value = object[key];
      const field = schema.fields.get(key);
      if (!field) {
        if (schema.preserveUnknown) this.#count(value);
        else if (this.#dropUnknown) (dropped ??= new Set()).add(key);
        else return UNSURE;
        continue;
      }
      if (value === null || value === undefined) {
        (dropped ??= new Set()).add(key);
        continue;
      }
      const taken = this.take(value, field.schema);
      if (taken === UNSURE) return UNSURE;
      if (field.omitEmpty && isEmpty(taken)) (dropped ??= new Set()).add(key);
      else if (taken !== value) object[key] = taken;
    }
    return dropped ? without(object, keys, dropped) : object;
  }

  #map(object: Record<string, unknown>, values: Schema): unknown {
    const keys = Object.keys(object);
    this.keys += keys.length;
    for (const key of keys) {
      const value = object[key];
      const taken = value === null ? zeroOf(values) : this.take(value, values);
      if (taken === UNSURE) return UNSURE;
      if (taken !== value) object[key] = taken;
    }
    return object;
  }

  #list(list: unknown[], items: Schema): unknown {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      const taken = value === null ? zeroOf(items) : this.take(value, items);
      if (taken === UNSURE) return UNSURE;
      if (taken !== value) list[index] = taken;
    }
    return list;
  }

  #count(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) this.#count(item);
      return;
    }
    const values = Object.values(value);
    this.keys += values.length;
    for (const inner of values) this.#count(inner);
  }
}

/** What Go's omitempty leaves out. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== "object") return value === "" || value === 0 || value === false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A new object: deleting properties would make the old one slow for good. */
function without(object: Record<string, unknown>, keys: readonly string[], dropped: ReadonlySet<string>): unknown {
  const result: Record<string, unknown> = {};
  for (const key of keys) if (!dropped.has(key)) setValue(result, key, object[key]);
  return result;
}
