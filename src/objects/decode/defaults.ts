import { isKnownEntries } from "../managed-fields/entries.ts";
import type { AnyDraft } from "../object.ts";
import type { Field, ObjectSchema, Schema } from "../schema/model.ts";

/**
 * Fills in what the schema states as defaults, in place and at every depth: what upstream's types always write
 * (`status: {}`, `name: ""`) and what they declare (`protocol: TCP`). Kinds add theirs by applyDefaults.
 */
export function applySchemaDefaults(draft: AnyDraft, schema: Schema): void {
  fill(draft, schema);
}

function fill(value: unknown, schema: Schema): void {
  if (typeof value !== "object" || value === null) return;
  if (schema.type === "list") {
    if (isContainer(schema.items) && !isKnownEntries(value)) {
      for (const item of value as unknown[]) fill(item, schema.items);
    }
  } else if (schema.type === "map") {
    if (isContainer(schema.values)) for (const inner of Object.values(value)) fill(inner, schema.values);
  } else if (schema.type === "object") {
    const object = value as Record<string, unknown>;
    for (const { name, field } of defaultedOf(schema)) {
      if (object[name] === undefined) object[name] = structuredCopy(field.default);
    }
    // Objects have few of the fields that their types know.
    for (const name in object) {
      const inner = object[name];
      if (typeof inner !== "object" || inner === null) continue;
      const field = schema.fields.get(name);
      if (field) fill(inner, field.schema);
    }
  }
}

const isContainer = (schema: Schema) => schema.type !== "scalar" && schema.type !== "any";

interface DefaultedField {
  readonly name: string;
  readonly field: Field;
}

const defaulted = new WeakMap<ObjectSchema, readonly DefaultedField[]>();

/** The fields that have a default, in the schema's order. */
function defaultedOf(schema: ObjectSchema): readonly DefaultedField[] {
  let found = defaulted.get(schema);
  if (!found) {
    found = [...schema.fields].flatMap(([name, field]) => (field.default === undefined ? [] : [{ name, field }]));
    defaulted.set(schema, found);
  }
  return found;
}

function structuredCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(structuredCopy);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCopy(inner)]));
}
