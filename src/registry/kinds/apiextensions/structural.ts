import { forbidden, invalid, notSupported, required, type FieldError, type JSONSchemaProps } from "#objects";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const NOT_ALLOWED: readonly (readonly [keyof JSONSchemaProps, string])[] = [
  ["$ref", "$ref is not supported"],
  ["definitions", "definitions is not supported"],
  ["dependencies", "dependencies is not supported"],
  ["patternProperties", "patternProperties is not supported"],
  ["additionalItems", "additionalItems is not supported"],
  ["id", "id is not supported"],
  ["$schema", "$schema is not supported"],
];
const LIST_TYPES = ["atomic", "map", "set"];
const MAP_TYPES = ["atomic", "granular"];

type Schema = JSONSchemaProps;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

function extensionErrors(field: string, schema: Schema): FieldError[] {
  const errors: FieldError[] = [];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const mapType = schema["x-kubernetes-map-type"];
  if (listType !== undefined) {
    const path = `${field}.x-kubernetes-list-type`;
    if (schema.type !== "array")
      errors.push(invalid(`${field}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified"));
    if (!LIST_TYPES.includes(listType)) errors.push(notSupported(path, listType, LIST_TYPES));
    if (listType === "map" && keys.length === 0) {
      errors.push(
        required(`${field}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"),
      );
    }
  }
  if (keys.length > 0 && listType !== "map") {
    errors.push(
      invalid(
        `${field}.x-kubernetes-list-type`,
        listType ?? "",
        "must be map if x-kubernetes-list-map-keys is non-empty",
      ),
    );
  }
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) {
    errors.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  }
  return errors;
}

function typeErrors(field: string, schema: Schema): FieldError[] {
  const { type = "" } = schema;
  const path = `${field}.type`;
  const free = schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
  if (type === "") return free ? [] : [required(path, "must not be empty for specified object fields")];
  if (!TYPES.includes(type)) return [notSupported(path, type, TYPES)];
  if (type === "array" && !schema.items) {
    return [required(`${field}.items`, "must be specified")];
  }
  return [];
}

function childErrors(field: string, schema: Schema): FieldError[] {
  const errors: FieldError[] = [];
  const { properties = {}, additionalProperties, items } = schema;
  if (additionalProperties && Object.keys(properties).length > 0) {
    const detail = "additionalProperties and properties are mutual exclusive";
    errors.push(forbidden(`${field}.additionalProperties`, detail));
  }
  if (Array.isArray(items)) {
    errors.push(forbidden(`${field}.items`, "items must be a schema object and not an array"));
  } else if (isSchema(items)) errors.push(...nodeErrors(`${field}.items`, items));
  for (const [name, property] of Object.entries(properties)) {
    errors.push(...nodeErrors(`${field}.properties[${name}]`, property));
  }
  if (isSchema(additionalProperties)) {
    errors.push(...nodeErrors(`${field}.additionalProperties`, additionalProperties));
  }
  return errors;
}

function nodeErrors(field: string, schema: Schema): FieldError[] {
  const errors = NOT_ALLOWED.filter(([name]) => schema[name] !== undefined).map(([name, detail]) =>
    forbidden(`${field}.${name}`, detail),
  );
  if (schema.uniqueItems)
    errors.push(
      forbidden(
        `${field}.uniqueItems`,
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  return [...errors, ...typeErrors(field, schema), ...extensionErrors(field, schema), ...childErrors(field, schema)];
}

/** Whether a schema is structural: a type at every place, nothing that could not be pruned or defaulted by. */
export function schemaErrors(field: string, root: Schema): FieldError[] {
  const { type = "" } = root;
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${field}.type`, "must not be empty at the root"));
  else if (type !== "object") errors.push(invalid(`${field}.type`, type, "must be object at the root"));
  if (root.nullable) errors.push(forbidden(`${field}.nullable`, "nullable cannot be true at the root"));
  return [...errors, ...nodeErrors(field, root).filter((error) => error.field !== `${field}.type`)];
}
