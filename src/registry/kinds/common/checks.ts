import { type Int64, FIELD_IS_IMMUTABLE, invalid, notSupported, required, sameJson, type FieldError } from "#objects";

/** One error for each thing that is wrong with the value. */
export const each = (field: string, value: unknown, messages: readonly string[]): FieldError[] =>
  messages.map((message) => invalid(field, value, message));

/** Required when empty, else whatever the rule finds wrong with it. */
export const present = (
  field: string,
  value: string | undefined,
  rule: (value: string) => readonly string[] = () => [],
): FieldError[] => (value ? each(field, value, rule(value)) : [required(field)]);

export const oneOf = (field: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value !== undefined && supported.includes(value) ? [] : [notSupported(field, value ?? "", supported)];

/** As {@link oneOf}, where the field may be absent. */
export const optionalOneOf = (field: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value === undefined ? [] : oneOf(field, value, supported);

/** Required when empty, else one of the values. */
export const requiredOneOf = (field: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value ? oneOf(field, value, supported) : [required(field)];

export const nonNegative = (field: string, value: Int64 | undefined): FieldError[] =>
  value !== undefined && value < 0 ? [invalid(field, value, "must be greater than or equal to 0")] : [];

/** Invalid when the value has changed (apimachinery ValidateImmutableField). */
export const unchanged = (
  field: string,
  value: unknown,
  old: unknown,
  detail: string = FIELD_IS_IMMUTABLE,
): FieldError[] => (sameJson(value, old) ? [] : [invalid(field, value ?? null, detail)]);
