/** Rules for each place of a custom kind's schema. Source: ValidateCustomResourceDefinitionOpenAPISchema. */
import { forbidden, invalid, notSupported, required, type FieldError, type JSONSchemaProps } from "#objects";
import { repeats } from "../common/repeats.ts";
import { hasProperties, innerSchemas, isSchema, junctors, propertiesOf } from "./schema-parts.ts";
import { structuralErrors } from "./structural.ts";

type Schema = JSONSchemaProps;

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const NOT_ALLOWED = [
  "id",
  "additionalItems",
  "patternProperties",
  "definitions",
  "dependencies",
  "$ref",
] as const satisfies readonly (keyof Schema)[];
/** Without these a schema cannot be read as a structural one. */
const UNREADABLE: readonly (keyof Schema)[] = [...NOT_ALLOWED, "$schema"];
const META = new Set(["metadata", "kind", "apiVersion"]);
const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** Everything that is wrong with the schema of a version. */
export function schemaErrors(path: string, root: Schema): FieldError[] {
  return [
    ...(root.nullable ? [forbidden(`${path}.nullable`, "nullable cannot be true at the root")] : []),
    ...(isReadable(root) ? structuralErrors(path, root) : []),
    ...placeErrors(path, root, { isRoot: true, insideMeta: false }),
  ];
}

function isReadable(schema: Schema): boolean {
  if (UNREADABLE.some((name) => schema[name] !== undefined) || Array.isArray(schema.items)) return false;
  return innerSchemas(schema).every(isReadable);
}

interface Place {
  readonly isRoot: boolean;
  /** Within metadata, kind or apiVersion, where defaults are not always allowed. */
  readonly insideMeta: boolean;
  /** Why there may be no default. */
  readonly noDefault?: string;
}

function placeErrors(path: string, schema: Schema, place: Place): FieldError[] {
  const { additionalProperties } = schema;
  const errors = ownErrors(path, schema, place);
  if (schema.uniqueItems) {
    const text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(`${path}.uniqueItems`, text));
  }
  // `true` allows what is allowed anyway.
  if (additionalProperties !== undefined && additionalProperties !== (true as unknown)) {
    if (hasProperties(schema)) {
      const text = "additionalProperties and properties are mutual exclusive";
      errors.push(forbidden(`${path}.additionalProperties`, text));
    }
  }
  for (const [at, child, name] of childrenOf(path, schema)) {
    errors.push(...placeErrors(at, child, placeOf(name, schema, place)));
  }
  return [...errors, ...extensionErrors(path, schema), ...ruleErrors(path, schema)];
}

/** Of a property `name` is its name; of additionalProperties it is so called. */
function placeOf(name: string, parent: Schema, { isRoot, insideMeta, noDefault }: Place): Place {
  const inherited = { isRoot: false, insideMeta, ...(noDefault === undefined ? {} : { noDefault }) };
  if (name === ".additionalProperties") {
    const text = "inside additionalProperties applying to object metadata";
    return insideMeta ? { ...inherited, noDefault: text } : inherited;
  }
  if (!META.has(name) || !(isRoot || parent["x-kubernetes-embedded-resource"])) return inherited;
  return { ...inherited, insideMeta: true, ...(isRoot ? { noDefault: `in top-level ${name}` } : {}) };
}

/** All schemas directly within one, with their paths and, of properties, names. */
function childrenOf(path: string, schema: Schema): readonly (readonly [path: string, schema: Schema, name: string])[] {
  const { additionalProperties, items } = schema;
  return [
    ...(isSchema(additionalProperties)
      ? [[`${path}.additionalProperties`, additionalProperties, ".additionalProperties"] as const]
      : []),
    ...propertiesOf(schema).map(([name, property]) => [`${path}.properties[${name}]`, property, name] as const),
    ...junctors(path, schema).map(([at, inner]) => [at, inner, ""] as const),
    ...(isSchema(items) ? [[`${path}.items`, items, ""] as const] : []),
    ...(Array.isArray(items) ? (items as Schema[]).map((item, i) => [`${path}.items[${i}]`, item, ""] as const) : []),
  ];
}

function ownErrors(path: string, schema: Schema, { insideMeta, noDefault }: Place): FieldError[] {
  const { type = "", items } = schema;
  return [
    ...(type === "" || TYPES.includes(type) ? [] : [notSupported(`${path}.type`, type, TYPES)]),
    ...(schema.default !== undefined && noDefault !== undefined
      ? [forbidden(`${path}.default`, `must not be set ${noDefault}`)]
      : []),
    ...NOT_ALLOWED.flatMap((name) =>
      schema[name] === undefined ? [] : [forbidden(`${path}.${name}`, `${name} is not supported`)],
    ),
    ...(type === "null"
      ? [forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative")]
      : []),
    ...(Array.isArray(items) ? [forbidden(`${path}.items`, "items must be a schema object and not an array")] : []),
    ...(insideMeta && schema["x-kubernetes-embedded-resource"]
      ? [forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta")]
      : []),
  ];
}

function extensionErrors(path: string, schema: Schema): FieldError[] {
  const { type = "" } = schema;
  const mapType = schema["x-kubernetes-map-type"];
  const mustBe = (wanted: string, extension: string): FieldError[] => {
    const text = `must be ${wanted} if ${extension} is specified`;
    if (type === wanted) return [];
    return [type === "" ? required(`${path}.type`, text) : invalid(`${path}.type`, type, text)];
  };
  return [
    ...(schema["x-kubernetes-preserve-unknown-fields"] === false
      ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined")]
      : []),
    ...(mapType === undefined ? [] : mustBe("object", "x-kubernetes-map-type")),
    ...(mapType === undefined || mapType === "atomic" || mapType === "granular"
      ? []
      : [notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"])]),
    ...(schema["x-kubernetes-list-type"] === undefined ? [] : mustBe("array", "x-kubernetes-list-type")),
    ...listErrors(path, schema),
  ];
}

function listErrors(path: string, schema: Schema): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  const items = isSchema(schema.items) ? schema.items : undefined;
  const errors: FieldError[] = [];
  if (listType === "set" && schema.type === "array" && items) errors.push(...setItemErrors(path, items));
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType)) {
    errors.push(notSupported(at, listType, ["atomic", "set", "map"], "given"));
  }
  if (keys.length > 0 && listType !== "map") {
    const text = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(at, text) : invalid(at, listType, text));
  }
  if (listType === "map") errors.push(...mapListErrors(path, schema, keys, items));
  if (items?.nullable && (listType === "set" || listType === "map")) {
    errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  }
  if (listType === "map" && items) errors.push(...keyErrors(path, keys, items));
  return errors;
}

function setItemErrors(path: string, items: Schema): FieldError[] {
  const text = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"];
  if (items.type === "array" && listType !== undefined && listType !== "atomic") {
    return [invalid(`${path}.items.x-kubernetes-list-type`, listType, text)];
  }
  return items.type === "object" && items["x-kubernetes-map-type"] !== "atomic"
    ? [invalid(`${path}.items.x-kubernetes-map-type`, listType, text)]
    : [];
}

function mapListErrors(path: string, schema: Schema, keys: readonly string[], items: Schema | undefined): FieldError[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  const errors = keys.length > 0 ? [] : [required(at, "must not be empty if x-kubernetes-list-type is map")];
  if (schema.items === undefined) {
    errors.push(required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map"));
  }
  if (!items) return errors;
  if (items.type !== "object") {
    const text = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalid(`${path}.items.type`, items.type ?? "", text)];
  }
  const properties = new Map(propertiesOf(items));
  const repeated = repeats(keys);
  for (const [i, key] of keys.entries()) {
    const property = properties.get(key);
    if (!property) errors.push(invalid(at, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      const text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalid(`${path}.items.properties[${key}].type`, items.type, text));
    }
    if (repeated[i]) errors.push(invalid(at, keys, "must not contain duplicate entries"));
  }
  return errors;
}

/** A key is always there, and never null. */
function keyErrors(path: string, keys: readonly string[], items: Schema): FieldError[] {
  const properties = new Map(propertiesOf(items));
  const requiredOnes = new Set(items.required);
  const key = "this property is in x-kubernetes-list-map-keys, so it";
  return keys.flatMap((name) => {
    const property = properties.get(name);
    if (!property) return [];
    const at = `${path}.items.properties[${name}]`;
    return [
      ...(requiredOnes.has(name) || property.default !== undefined
        ? []
        : [required(`${at}.default`, `${key} must have a default or be a required property`)]),
      ...(property.nullable ? [forbidden(`${at}.nullable`, `${key} cannot be nullable`)] : []),
    ];
  });
}

/** What can be said of CEL rules without running them. */
function ruleErrors(path: string, schema: Schema): FieldError[] {
  const hasNewlines = (text: string) => /[\n\r]/.test(text);
  return (schema["x-kubernetes-validations"] ?? []).flatMap((validation, i) => {
    const { rule = "", message, messageExpression, reason, fieldPath } = validation;
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const errors: FieldError[] = [];
    const said = (message ?? "").trim();
    if (rule.trim() === "") errors.push(required(`${at}.rule`, "rule is not specified"));
    else if (message && said === "") errors.push(invalid(`${at}.message`, message, "must be non-empty if specified"));
    else if (hasNewlines(said)) errors.push(invalid(`${at}.message`, message, "must not contain line breaks"));
    else if (hasNewlines(rule.trim()) && said === "") {
      errors.push(required(`${at}.message`, "message must be specified if rule contains line breaks"));
    }
    if (messageExpression && messageExpression.trim() === "") {
      errors.push(required(`${at}.messageExpression`, "messageExpression must be non-empty if specified"));
    }
    if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS));
    if (fieldPath && fieldPath.trim() === "") {
      errors.push(invalid(`${at}.fieldPath`, fieldPath, "must be non-empty if specified"));
    }
    if (hasNewlines(fieldPath ?? ""))
      errors.push(invalid(`${at}.fieldPath`, fieldPath, "must not contain line breaks"));
    return errors;
  });
}

/** Formats of texts, without their dashes, as upstream knows them. */
const FORMATS = new Set(
  (
    "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn " +
    "hexcolor rgbcolor byte password date duration datetime k8sshortname k8slongname"
  ).split(" "),
);

/** Formats that mean nothing, in the order of the schema. */
export function unknownFormats(schema: Schema): readonly string[] {
  const { format = "", type = "" } = schema;
  const own = format !== "" && !isKnownFormat(type, format) ? [format] : [];
  return [...own, ...innerSchemas(schema).flatMap(unknownFormats)];
}

function isKnownFormat(type: string, format: string): boolean {
  if (type === "integer") return format === "int32" || format === "int64";
  if (type === "number") return format === "float" || format === "double";
  return (type === "" || type === "string") && FORMATS.has(format.replaceAll("-", ""));
}
