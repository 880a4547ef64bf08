/**
 * The nulls of upstream's JSON: what its types never leave out is null where it has no value (`rules: null`,
 * `lastProbeTime: null`). In memory such a field is absent, as every other without a value.
 */
import { setValue } from "../json.ts";
import type { ObjectSchema, Schema } from "./model.ts";

/** The value as upstream's JSON has it. Shares with the value all that is without nulls. */
export const withNulls = <T>(value: T, schema: Schema): T => change(value, schema, 0);

/** What {@link withNulls} added is gone again. */
export const withoutNulls = <T>(value: T, schema: Schema): T => change(value, schema, 1);

const change = <T>(value: T, schema: Schema, which: 0 | 1): T =>
  (typeof value === "object" && value !== null ? (changesOf(schema)?.[which](value) ?? value) : value) as T;

type ObjectValue = Readonly<Record<string, unknown>>;
/** Gives the changed value, or the same when nothing changes. */
type Walk = (value: object) => object;
/** With nulls, and without. Made once for each type that has some: every object that is written goes through it. */
type NullWalks = readonly [Walk, Walk];

const changesOfTypes = new WeakMap<ObjectSchema, NullWalks | null>();

function changesOf(schema: Schema): NullWalks | undefined {
  if (schema.type === "object") return changesOfObject(schema) ?? undefined;
  if (schema.type === "list") {
    const items = changesOf(schema.items);
    return items && [listWalk(items[0]), listWalk(items[1])];
  }
  if (schema.type !== "map") return undefined;
  const values = changesOf(schema.values);
  return values && [mapWalk(values[0]), mapWalk(values[1])];
}

function changesOfObject(schema: ObjectSchema): NullWalks | null {
  const known = changesOfTypes.get(schema);
  if (known !== undefined) return known;
  const fields: string[] = [];
  const inner: (readonly [name: string, changes: NullWalks])[] = [];
  const changes: NullWalks = [
    objectWalk(inner, 0, (object) => added(object, fields)),
    objectWalk(inner, 1, (object) => taken(object, fields)),
  ];
  // Known before its fields are looked at: types may contain themselves.
  changesOfTypes.set(schema, changes);
  for (const [name, field] of schema.fields) {
    if (field.isNull) fields.push(name);
    const found = field.holdsNulls ? changesOf(field.schema) : undefined;
    if (found) inner.push([name, found]);
  }
  if (fields.length > 0 || inner.length > 0) return changes;
  changesOfTypes.set(schema, null);
  return null;
}

function added(object: ObjectValue, fields: readonly string[]): ObjectValue {
  let result: Record<string, unknown> | undefined;
  for (const name of fields) if (object[name] === undefined) (result ??= { ...object })[name] = null;
  return result ?? object;
}

function taken(object: ObjectValue, fields: readonly string[]): ObjectValue {
  if (!fields.some((name) => object[name] === null)) return object;
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => value !== null || !fields.includes(name)));
}

function objectWalk(
  inner: readonly (readonly [name: string, changes: NullWalks])[],
  which: 0 | 1,
  own: (object: ObjectValue) => ObjectValue,
): Walk {
  return (value) => {
    const object = value as ObjectValue;
    let result = own(object);
    for (const [name, changes] of inner) {
      const before = object[name];
      if (typeof before !== "object" || before === null) continue;
      const after = changes[which](before);
      if (after === before) continue;
      if (result === object) result = { ...object };
      (result as Record<string, unknown>)[name] = after;
    }
    return result;
  };
}

const listWalk =
  (walk: Walk): Walk =>
  (list) => {
    if (!Array.isArray(list)) return list;
    let result: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const before: unknown = list[index];
      if (typeof before !== "object" || before === null) continue;
      const after = walk(before);
      if (after !== before) (result ??= [...(list as unknown[])])[index] = after;
    }
    return result ?? list;
  };

const mapWalk =
  (walk: Walk): Walk =>
  (map) => {
    let result: Record<string, unknown> | undefined;
    for (const [key, before] of Object.entries(map) as [string, unknown][]) {
      if (typeof before !== "object" || before === null) continue;
      const after = walk(before);
      if (after !== before) setValue((result ??= { ...map }), key, after);
    }
    return result ?? map;
  };
