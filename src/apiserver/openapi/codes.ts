import { nameOfType } from "#objects";

const SCALARS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  s: { type: "string" },
  b: { type: "boolean" },
  i: { type: "integer", format: "int32" },
  l: { type: "integer", format: "int64" },
  d: { type: "number", format: "double" },
  y: { type: "string", format: "byte" },
  a: {},
};

/** The OpenAPI form of a type code of the schema table. */
export function typeCodes(code: string, prefix: string): Readonly<Record<string, unknown>> {
  const rest = code.slice(1);
  switch (code.charAt(0)) {
    case "&":
      return { $ref: prefix + nameOfType(Number(rest)) };
    case "[":
      return { items: typeCodes(rest, prefix), type: "array" };
    case "{":
      return { additionalProperties: typeCodes(rest, prefix), type: "object" };
    default:
      return SCALARS[code] ?? {};
  }
}

/** The type that a code refers to, inside of whatever lists and maps. */
export function nameOfReference(code: string): string | undefined {
  const at = code.indexOf("&");
  return at < 0 ? undefined : nameOfType(Number(code.slice(at + 1)));
}
