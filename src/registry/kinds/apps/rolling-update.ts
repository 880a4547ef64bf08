import { invalid, percentString, percentOf, type FieldError, type IntOrString } from "#objects";
import { each, nonNegative } from "../common/checks.ts";

/** A number that is not negative, or a percentage. Source: upstream ValidatePositiveIntOrPercent. */
export function validateIntOrPercent(value: IntOrString | undefined, path: string): FieldError[] {
  return typeof value === "string" ? each(path, value, percentString(value)) : nonNegative(path, value);
}

export function validateAtMost100Percent(value: IntOrString | undefined, path: string): FieldError[] {
  return value !== undefined && (percentOf(value) ?? 0) > 100
    ? [invalid(path, value, "must not be greater than 100%")]
    : [];
}

/** Whether it is 0 or 0%. */
export function isZero(value: IntOrString | undefined): boolean {
  return (typeof value === "string" ? (percentOf(value) ?? 0) : (value ?? 0)) === 0;
}
