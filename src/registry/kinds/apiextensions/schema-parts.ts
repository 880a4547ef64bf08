/** How the parts of an OpenAPI schema are walked, for the rules of custom kinds. */
import type { JSONSchemaProps } from "#objects";

/** Whether it is one schema, and not a list of some, a boolean or nothing. */
export const isSchema = (value: unknown): value is JSONSchemaProps =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const propertiesOf = ({ properties }: JSONSchemaProps): readonly (readonly [string, JSONSchemaProps])[] =>
  Object.entries(properties ?? {});

export type Junctor = "not" | "allOf" | "anyOf" | "oneOf";

/** The schemas that allOf, anyOf, oneOf and not join, with their paths and places. */
export function junctors(
  path: string,
  schema: JSONSchemaProps,
): readonly (readonly [path: string, schema: JSONSchemaProps, kind: Junctor, index: number])[] {
  const of = (kind: "allOf" | "anyOf" | "oneOf") =>
    (schema[kind] ?? []).map((inner, i) => [`${path}.${kind}[${i}]`, inner, kind, i] as const);
  return [
    ...(schema.not ? [[`${path}.not`, schema.not, "not", 0] as const] : []),
    ...of("allOf"),
    ...of("oneOf"),
    ...of("anyOf"),
  ];
}
