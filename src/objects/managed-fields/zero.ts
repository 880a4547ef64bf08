/**
 * What an empty object of a kind already holds upstream, where a type's fields that are no pointers always exist:
 * `spec: {}`, `containers: null`. The creator of an object does not own these containers as such.
 */
import type { JsonMap } from "../json.ts";
import type { ObjectSchema } from "../schema/model.ts";

const zeros = new WeakMap<ObjectSchema, Readonly<JsonMap>>();

/** The empty value of a type. Frozen; null stands for a list, map or pointer without a value. */
export function zeroOf(schema: ObjectSchema): Readonly<JsonMap> {
  const known = zeros.get(schema);
  if (known) return known;
  const zero: JsonMap = {};
  // Known before its fields are looked at: types may contain themselves.
  zeros.set(schema, zero);
  for (const [name, field] of schema.fields) {
    const { default: value } = field;
    if (value === "" || value === 0 || value === false) zero[name] = value;
    else if (typeof value === "object" && value !== null && field.schema.type === "object" && isEmpty(value)) {
      zero[name] = zeroOf(field.schema);
    } else if (value === undefined && schema.required.includes(name)) zero[name] = null;
  }
  return Object.freeze(zero);
}

const isEmpty = (value: object) => Object.keys(value).length === 0;
