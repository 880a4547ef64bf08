import type { AnyDraft } from "../object.ts";
import type { Schema } from "../schema/model.ts";

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
    if (hasDefaults(schema.items)) for (const item of value as unknown[]) fill(item, schema.items);
  } else if (schema.type === "map") {
    if (hasDefaults(schema.values)) for (const inner of Object.values(value)) fill(inner, schema.values);
  } else if (schema.type === "object") {
    const object = value as Record<string, unknown>;
    for (const [name, field] of schema.fields) {
      if (object[name] === undefined) {
        if (field.default === undefined) continue;
        object[name] = structuredCopy(field.default);
      }
      if (hasDefaults(field.schema)) fill(object[name], field.schema);
    }
  }
}

const hasDefaults = (schema: Schema) => schema.type !== "scalar" && schema.type !== "any";

function structuredCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(structuredCopy);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCopy(inner)]));
}
