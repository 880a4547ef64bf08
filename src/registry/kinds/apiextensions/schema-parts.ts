/** How the parts of an OpenAPI schema are walked, for the rules of custom kinds. */
import type { JSONSchemaProps } from "#objects";

/** Whether it is one schema, and not a list of some, a boolean or nothing. */
export const isSchema = (value: unknown): value is JSONSchemaProps =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Properties = readonly (readonly [string, JSONSchemaProps])[];

const NONE: readonly never[] = [];

export const propertiesOf = ({ properties }: JSONSchemaProps): Properties =>
  properties ? Object.entries(properties) : NONE;

export const propertyOf = ({ properties }: JSONSchemaProps, name: string): JSONSchemaProps | undefined =>
  properties && Object.hasOwn(properties, name) ? properties[name] : undefined;

export const hasProperties = ({ properties }: JSONSchemaProps): boolean => {
  for (const _ in properties) return true;
  return false;
};

export type Junctor = "not" | "allOf" | "anyOf" | "oneOf";

/** The schemas that allOf, anyOf, oneOf and not join, with their paths and places. */
export function junctors(
  path: string,
  schema: JSONSchemaProps,
): readonly (readonly [path: string, schema: JSONSchemaProps, kind: Junctor, index: number])[] {
  if (!schema.not && !schema.allOf && !schema.oneOf && !schema.anyOf) return NONE;
  const of = (kind: "allOf" | "anyOf" | "oneOf") =>
    (schema[kind] ?? []).map((inner, i) => [`${path}.${kind}[${i}]`, inner, kind, i] as const);
  return [
    ...(schema.not ? [[`${path}.not`, schema.not, "not", 0] as const] : []),
    ...of("allOf"),
    ...of("oneOf"),
    ...of("anyOf"),
  ];
}

/** All schemas directly within one, in the order in which upstream looks at them. */
export function innerSchemas(schema: JSONSchemaProps): readonly JSONSchemaProps[] {
  const { additionalProperties, properties, items, not, allOf, oneOf, anyOf } = schema;
  const hasNone = !additionalProperties && !properties && !items && !not && !allOf && !oneOf && !anyOf;
  if (hasNone) return NONE;
  return [
    ...(isSchema(additionalProperties) ? [additionalProperties] : []),
    ...Object.values(properties ?? {}),
    ...junctors("", schema).map(([, inner]) => inner),
    ...(isSchema(items) ? [items] : []),
    ...(Array.isArray(items) ? (items as JSONSchemaProps[]) : []),
  ];
}
