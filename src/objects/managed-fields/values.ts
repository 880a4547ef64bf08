/** How values are looked at when their fields are counted. */
import { isList, isMap } from "../json.ts";
import type { ListSchema, MapSchema, ObjectSchema, Schema } from "../schema/model.ts";

/** What a value is to apply: a leaf is owned as one, whatever is in it. */
export type Shape =
  | { readonly type: "leaf" }
  | { readonly type: "map"; readonly schema: ObjectSchema | MapSchema | undefined }
  | { readonly type: "list"; readonly schema: ListSchema };

const LEAF_SHAPE: Shape = { type: "leaf" };
/** Fields that a schema keeps without knowing them: maps are taken apart, lists and scalars are leaves. */
const DEDUCED_MAP: Shape = { type: "map", schema: undefined };

const shapes = new WeakMap<Schema, Shape>();

/** The shape of a value (never undefined) under a schema; an undefined schema says nothing. */
export function shapeOf(value: unknown, schema: Schema | undefined): Shape {
  if (typeof value !== "object" || value === null) return LEAF_SHAPE;
  if (schema === undefined) return isMap(value) ? DEDUCED_MAP : LEAF_SHAPE;
  const known = shapes.get(schema);
  if (known) return known;
  const shape = shapeOfSchema(schema);
  shapes.set(schema, shape);
  return shape;
}

function shapeOfSchema(schema: Schema): Shape {
  switch (schema.type) {
    case "object":
    case "map":
      return schema.atomic ? LEAF_SHAPE : { type: "map", schema };
    case "list":
      return schema.listType === "atomic" ? LEAF_SHAPE : { type: "list", schema };
    // Upstream does not look into RawExtension.
    case "any":
    case "scalar":
      return LEAF_SHAPE;
  }
}

/** The schema of a field of a map: null when the schema knows no such field. */
export function fieldSchemaOf(schema: ObjectSchema | MapSchema | undefined, key: string): Schema | undefined | null {
  if (schema === undefined) return undefined;
  if (schema.type === "map") return schema.values;
  const field = schema.fields.get(key);
  if (field) return field.schema;
  return schema.preserveUnknown ? undefined : null;
}

/** Whether a container has nothing in it, or a value is null. */
export function isBlank(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (isList(value)) return value.length === 0;
  if (!isMap(value)) return false;
  for (const key in value) if (value[key] !== undefined) return false;
  return true;
}
