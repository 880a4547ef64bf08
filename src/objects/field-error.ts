import { goQuote } from "./decode/json-syntax.ts";
import { jsonText } from "./int64.ts";

/** The `reason` of a cause in a Status, as upstream's validation has it (apimachinery util/validation/field). */
export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "InternalError"
  | "FieldValueTypeInvalid";

/** One thing wrong with one field. `message` is without the field: `Invalid value: "x": must be …`. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** The path: `spec.template.metadata.labels`, `spec.containers[0].name`, `data[a.b]`. */
  readonly field: string;
  readonly message: string;
}

/** A value as upstream's messages print it: strings quoted, the rest as compact JSON. */
export function shown(value: unknown): string {
  if (typeof value === "string") return goQuote(value);
  return value === undefined ? "null" : jsonText(value);
}

/** A field that is missing or empty and must not be. */
export const required = (field: string, detail = ""): FieldError => ({
  type: "FieldValueRequired",
  field,
  message: detail ? `Required value: ${detail}` : "Required value",
});

/** A value that breaks a rule, which `detail` states. */
export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  message: `Invalid value: ${shown(value)}: ${detail}`,
});

/** A value that is in the list before. */
export const duplicate = (field: string, value: unknown): FieldError => ({
  type: "FieldValueDuplicate",
  field,
  message: `Duplicate value: ${shown(value)}`,
});

/**
 * A value that is none of those that may be. Upstream mostly lists the values of a set, which it sorts; where it has a
 * list, they come in its order.
 */
export const notSupported = (
  field: string,
  value: unknown,
  supported: readonly string[],
  order: "sorted" | "given" = "sorted",
): FieldError => ({
  type: "FieldValueNotSupported",
  field,
  message: `Unsupported value: ${shown(value)}${supported.length > 0 ? `: supported values: ${(order === "sorted" ? [...supported].sort() : supported).map(shown).join(", ")}` : ""}`,
});

/** A field that may not be set, or not be changed, here. */
export const forbidden = (field: string, detail: string): FieldError => ({
  type: "FieldValueForbidden",
  field,
  message: detail ? `Forbidden: ${detail}` : "Forbidden",
});

/** A value that names what is not there. */
export const notFound = (field: string, value: unknown): FieldError => ({
  type: "FieldValueNotFound",
  field,
  message: `Not found: ${shown(value)}`,
});

/** `max` in bytes of UTF-8. The value itself is not printed, as upstream. */
export const tooLong = (field: string, _value: unknown, max: number): FieldError => ({
  type: "FieldValueTooLong",
  field,
  message: `Too long: may not be more than ${max} bytes`,
});

/** A list or map with more than `max` items. */
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: "FieldValueTooMany",
  field,
  message: `Too many: ${actual}: must have at most ${max} items`,
});

/** A value of the wrong type. */
export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: "FieldValueTypeInvalid",
  field,
  message: `Invalid value: ${shown(value)}: ${detail}`,
});
