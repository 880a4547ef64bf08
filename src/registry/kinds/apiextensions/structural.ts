/** Whether a schema is structural. Source: apiextensions pkg/apiserver/schema ValidateStructural. */
import { forbidden, invalid, jsonText, required, type FieldError, type JSONSchemaProps } from "#objects";
import { hasProperties, isSchema, junctors, propertiesOf, propertyOf } from "./schema-parts.ts";

type Schema = JSONSchemaProps;
type Level = "root" | "item" | "field";

/** What a schema says of values, other than their structure; of `metadata` at the root it may say nothing. */
const STRUCTURE = new Set(["type", "properties", "default"]);

/** Every place has a type, and what is said of values is said of places that are there. In the order of the texts. */
export function structuralErrors(path: string, root: Schema): FieldError[] {
  const errors = [...invariants(path, root, "root"), ...completeness(root, root, path, path)];
  const text = ({ field, message }: FieldError) => `${field}: ${message}`;
  return errors.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

function invariants(path: string, schema: Schema, level: Level): FieldError[] {
  const { type = "", items, additionalProperties } = schema;
  const errors: FieldError[] = [];
  if (type === "array" && !items) errors.push(required(`${path}.items`, "must be specified"));
  if (isSchema(items)) errors.push(...invariants(`${path}.items`, items, "item"));
  for (const [name, property] of propertiesOf(schema)) {
    errors.push(...invariants(`${path}.properties[${name}]`, property, "field"));
  }
  if (additionalProperties !== undefined) {
    const at = `${path}.additionalProperties`;
    if (level === "root") errors.push(forbidden(at, "must not be used at the root"));
    if (isSchema(additionalProperties)) errors.push(...invariants(at, additionalProperties, "field"));
    if (schema["x-kubernetes-embedded-resource"]) {
      errors.push(forbidden(at, "must not be used if x-kubernetes-embedded-resource is set"));
    }
  }
  return [
    ...errors,
    ...extensionErrors(path, schema),
    ...valueErrors(path, schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf)),
    ...typeErrors(path, schema, level),
    ...metaErrors(path, schema, level),
  ];
}

function extensionErrors(path: string, schema: Schema): FieldError[] {
  if (!schema["x-kubernetes-int-or-string"]) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const).flatMap((name) =>
    schema[name] ? [invalid(`${path}.${name}`, true, "must be false if x-kubernetes-int-or-string is true")] : [],
  );
}

const EMPTY: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function typeErrors(path: string, schema: Schema, level: Level): FieldError[] {
  const { type = "" } = schema;
  const at = `${path}.type`;
  const errors: FieldError[] = [];
  if (schema["x-kubernetes-embedded-resource"] && type !== "object") {
    const text = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(at, text) : invalid(at, type, text));
  } else if (type === "" && !schema["x-kubernetes-int-or-string"] && !schema["x-kubernetes-preserve-unknown-fields"]) {
    errors.push(required(at, EMPTY[level]));
  }
  if (level === "root" && type !== "" && type !== "object")
    errors.push(invalid(at, type, "must be object at the root"));
  return errors;
}

/** Of what every object has only the names of `metadata` may be restricted. */
function metaErrors(path: string, schema: Schema, level: Level): FieldError[] {
  const embedded = schema["x-kubernetes-embedded-resource"] ?? false;
  const isObject = level === "root" || embedded;
  const errors: FieldError[] = [];
  for (const name of ["kind", "apiVersion"]) {
    const { type = "" } = propertyOf(schema, name) ?? { type: "string" };
    if (isObject && type !== "string") {
      errors.push(invalid(`${path}.properties[${name}].type`, type, "must be string"));
    }
  }
  const metadata = propertyOf(schema, "metadata");
  if (metadata) {
    const at = `${path}.properties[metadata]`;
    if (isObject && metadata.type !== "object") {
      errors.push(invalid(`${at}.type`, metadata.type ?? "", "must be object"));
    }
    if (level === "root" && saysMoreThanNames(metadata)) {
      const text = "must not specify anything other than name and generateName, but metadata is implicitly specified";
      errors.push(forbidden(at, text));
    }
  }
  if (embedded && !schema["x-kubernetes-preserve-unknown-fields"] && !hasProperties(schema)) {
    const text =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(`${path}.properties`, text));
  }
  return errors;
}

function saysMoreThanNames(metadata: Schema): boolean {
  const says = (value: unknown) =>
    value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0);
  if (Object.entries(metadata).some(([key, value]) => !STRUCTURE.has(key) && says(value))) return true;
  return propertiesOf(metadata).some(([name]) => name !== "name" && name !== "generateName");
}

/** `anyOf: [{type: integer}, {type: string}]`, the one place where types may stand in a junctor. */
const isIntOrString = (anyOf: readonly Schema[] | undefined): boolean =>
  anyOf?.length === 2 && jsonText(anyOf) === '[{"type":"integer"},{"type":"string"}]';

function valueErrors(path: string, schema: Schema, skipAnyOf = false, skipFirstAllOfAnyOf = false): FieldError[] {
  return junctors(path, schema).flatMap(([at, inner, kind, index]) =>
    kind === "anyOf" && skipAnyOf
      ? []
      : nestedErrors(at, inner, kind === "allOf" && index === 0 && skipFirstAllOfAnyOf),
  );
}

const NESTED: readonly (readonly [keyof Schema, string])[] = [
  ["type", "must be empty to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

/** A schema within allOf, anyOf, oneOf or not: it speaks of values only. */
function nestedErrors(path: string, schema: Schema, skipAnyOf = false): FieldError[] {
  const { items, additionalProperties } = schema;
  const properties = propertiesOf(schema);
  const empty = (value: unknown) =>
    value === undefined || value === false || value === "" || (Array.isArray(value) && value.length === 0);
  return [
    ...valueErrors(path, schema, skipAnyOf),
    ...(isSchema(items) ? nestedErrors(`${path}.items`, items) : []),
    ...properties.flatMap(([name, property]) => nestedErrors(`${path}.properties[${name}]`, property)),
    ...NESTED.flatMap(([name, text]) =>
      (name === "default" ? schema[name] === undefined : empty(schema[name]))
        ? []
        : [forbidden(`${path}.${name}`, text)],
    ),
    ...(additionalProperties === undefined || additionalProperties === (false as unknown)
      ? []
      : [forbidden(`${path}.additionalProperties`, "must be undefined to be structural")]),
    ...(properties.some(([name]) => name === "metadata")
      ? [forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context")]
      : []),
  ];
}

/** What a junctor of the root says of a property or of items is also in the structure. */
function completeness(
  values: Schema,
  structure: Schema | undefined,
  structurePath: string,
  valuePath: string,
): FieldError[] {
  return junctors(valuePath, values).flatMap(([at, inner]) => nestedCompleteness(inner, structure, structurePath, at));
}

function nestedCompleteness(
  values: Schema,
  structure: Schema | undefined,
  structurePath: string,
  valuePath: string,
): FieldError[] {
  if (!structure) return [required(structurePath, `because it is defined in ${valuePath}`)];
  const errors = completeness(values, structure, structurePath, valuePath);
  if (isSchema(values.items)) {
    const items = isSchema(structure.items) ? structure.items : undefined;
    errors.push(...nestedCompleteness(values.items, items, `${structurePath}.items`, `${valuePath}.items`));
  }
  for (const [name, property] of propertiesOf(values)) {
    const at = `${structurePath}.properties[${name}]`;
    errors.push(...nestedCompleteness(property, propertyOf(structure, name), at, `${valuePath}.properties[${name}]`));
  }
  return errors;
}
