import { jsonText } from "../int64.ts";
import type { ObjectSchema, Scalar, Schema } from "../schema/model.ts";
import { DecodeFailure, decodeExactly } from "./exact.ts";
import { goTypeOf, innerGoType, rootGoType } from "./go-type.ts";
import { checkBase64 } from "./scalars.ts";

/**
 * What upstream says of a value that does not fit its type when it is not decoded from text but converted from a
 * map (apimachinery pkg/runtime/converter.go), as the result of a strategic merge patch is. Undefined when the
 * converter has nothing against it.
 */
export function conversionError(value: unknown, schema: ObjectSchema): string | undefined {
  return errorOf(value, schema, rootGoType(schema));
}

function errorOf(value: unknown, schema: Schema, goType: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (schema.type) {
    case "object":
      return isMap(value) ? fieldError(value, schema) : `cannot restore struct from: ${kindOf(value)}`;
    case "map": {
      if (!isMap(value)) return `cannot restore map from ${kindOf(value)}`;
      return firstError(Object.values(value), schema.values, innerGoType(goType, schema.values));
    }
    case "list":
      if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
      return firstError(value, schema.items, innerGoType(goType, schema.items));
    case "scalar":
      return scalarError(value, schema.scalar, schema, goType);
    case "any":
      return undefined;
  }
}

function fieldError(value: Readonly<Record<string, unknown>>, schema: ObjectSchema): string | undefined {
  for (const [name, field] of schema.fields) {
    if (!Object.hasOwn(value, name)) continue;
    const error = errorOf(value[name], field.schema, goTypeOf(field));
    if (error !== undefined) return error;
  }
  return undefined;
}

function firstError(values: readonly unknown[], schema: Schema, goType: string): string | undefined {
  for (const value of values) {
    const error = errorOf(value, schema, goType);
    if (error !== undefined) return error;
  }
  return undefined;
}

function scalarError(value: unknown, scalar: Scalar, schema: Schema, goType: string): string | undefined {
  const kind = kindOf(value);
  switch (scalar) {
    case "string":
      if (kind === "string") return undefined;
      return kind === "int64" ? `cannot convert int64 to ${goType}` : "unrecognized type: string";
    case "boolean":
      return kind === "bool" ? undefined : "unrecognized type: bool";
    case "int32":
    case "int64":
      if (kind === "int64") return undefined;
      return kind === "float64" ? `cannot convert float64 to ${goType}` : `unrecognized type: ${scalar}`;
    case "number":
      return kind === "int64" || kind === "float64" ? undefined : "unrecognized type: float64";
    case "bytes":
      return typeof value === "string" ? bytesError(value) : `cannot restore slice from ${kind}`;
    case "time":
    case "micro-time":
    case "duration":
    case "quantity":
    case "int-or-string":
      return ownDecoderError(value, schema);
  }
}

function bytesError(text: string): string | undefined {
  const checked = checkBase64(text);
  return "error" in checked ? `error decoding from json: ${checked.error}` : undefined;
}

/** Types that read their own JSON are given it. */
function ownDecoderError(value: unknown, schema: Schema): string | undefined {
  try {
    decodeExactly(jsonText(value), schema);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeFailure) return error.message;
    throw error;
  }
}

/** The reflect.Kind that a JSON value has in a map of Go's. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  switch (typeof value) {
    case "object":
      return "map";
    case "number":
      return Number.isSafeInteger(value) ? "int64" : "float64";
    case "bigint":
      return "int64";
    case "boolean":
      return "bool";
    default:
      return "string";
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
