import {
  compareQuantities,
  isCountedWhole,
  invalid,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  type FieldError,
  type Quantity,
} from "#objects";

const ZERO = quantityOf(0);

/** The amount, or undefined when it cannot be read; the decoder has refused such ones by then. */
export function quantity(value: string | undefined): Quantity | undefined {
  if (value === undefined) return undefined;
  try {
    return parseQuantity(value);
  } catch {
    return undefined;
  }
}

/** What is wrong with an amount of a resource (core validation ValidateResourceQuantityValue). */
export function quantityErrors(field: string, resource: string, value: string): FieldError[] {
  const amount = quantity(value);
  if (!amount) {
    return [
      invalid(
        field,
        value,
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      ),
    ];
  }
  const errors: FieldError[] = [];
  if (compareQuantities(amount, ZERO) < 0) errors.push(invalid(field, value, "must be greater than or equal to 0"));
  if (isCountedWhole(resource) && quantityMilliValue(amount) % 1000 !== 0) {
    errors.push(invalid(field, value, "must be an integer"));
  }
  return errors;
}
