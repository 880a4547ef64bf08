import { invalid, notSupported, type FieldError } from "../field-error.ts";
import { labelValue, qualifiedName } from "../validation/names.ts";

export type Labels = Readonly<Record<string, string>> | undefined;

/** Operators by the names that selector strings and messages give them (apimachinery selection). */
export type Operator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

/** One condition of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** In the order given; none for exists and !. */
  readonly values: readonly string[];
}

const OPERATORS: readonly string[] = ["!", "!=", "=", "==", "exists", "gt", "in", "lt", "notin"];
const integerRegExp = /^[+-]?[0-9]+$/;

/** A whole number of 64 bits, or undefined. */
function integer(text: string): bigint | undefined {
  if (!integerRegExp.test(text) || text.length > 40) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** What is wrong with a requirement (upstream labels.NewRequirement without a path). */
export function requirementErrors({ key, operator, values }: Requirement): FieldError[] {
  const errors: FieldError[] = [];
  const keyErrors = qualifiedName(key);
  if (keyErrors.length > 0) errors.push(invalid("key", key, keyErrors.join("; ")));
  switch (operator) {
    case "in":
    case "notin":
      if (values.length === 0) {
        errors.push(invalid("values", values, "for 'in', 'notin' operators, values set can't be empty"));
      }
      break;
    case "=":
    case "==":
    case "!=":
      if (values.length !== 1) {
        errors.push(invalid("values", values, "exact-match compatibility requires one single value"));
      }
      break;
    case "exists":
    case "!":
      if (values.length > 0) {
        errors.push(invalid("values", values, "values set must be empty for exists and does not exist"));
      }
      break;
    case "gt":
    case "lt":
      if (values.length !== 1) {
        errors.push(invalid("values", values, "for 'Gt', 'Lt' operators, exactly one value is required"));
      }
      for (const [i, value] of values.entries()) {
        if (integer(value) !== undefined) continue;
        errors.push(invalid(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
      }
      break;
    default:
      errors.push(notSupported("operator", operator, OPERATORS));
  }
  for (const [i, value] of values.entries()) {
    const valueErrors = labelValue(value);
    if (valueErrors.length > 0) errors.push(invalid(`values[${i}][${key}]`, value, valueErrors.join("; ")));
  }
  return errors;
}

/** Several errors in one text, as upstream prints an aggregate: alone as it is, else `[a, b]`. */
export function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
}

/** `app=web`, `tier in (a,b)`, `!old`. */
export function formatRequirement({ key, operator, values }: Requirement): string {
  const sorted = values.length > 1 ? values.toSorted().join(",") : (values[0] ?? "");
  switch (operator) {
    case "!":
      return `!${key}`;
    case "exists":
      return key;
    case "in":
    case "notin":
      return `${key} ${operator} (${sorted})`;
    case "gt":
      return `${key}>${sorted}`;
    case "lt":
      return `${key}<${sorted}`;
    case "=":
    case "==":
    case "!=":
      return `${key}${operator}${sorted}`;
  }
}

/** A function that says whether labels meet a requirement. A label's value is a string: nothing inherited counts. */
export function compileRequirement({ key, operator, values }: Requirement): (labels: Labels) => boolean {
  const lookup = (labels: Labels): string | undefined => {
    const value = labels?.[key];
    return typeof value === "string" ? value : undefined;
  };
  const only = values[0];
  switch (operator) {
    case "exists":
      return (labels) => lookup(labels) !== undefined;
    case "!":
      return (labels) => lookup(labels) === undefined;
    case "in":
    case "=":
    case "==":
      if (values.length === 1) return (labels) => labels?.[key] === only;
      return (labels) => {
        const value = lookup(labels);
        return value !== undefined && values.includes(value);
      };
    case "notin":
    case "!=":
      if (values.length === 1) return (labels) => labels?.[key] !== only;
      return (labels) => {
        const value = lookup(labels);
        return value === undefined || !values.includes(value);
      };
    case "gt":
    case "lt": {
      const bound = only === undefined ? undefined : integer(only);
      return (labels) => {
        const text = lookup(labels);
        const value = text === undefined ? undefined : integer(text);
        if (value === undefined || bound === undefined) return false;
        return operator === "gt" ? value > bound : value < bound;
      };
    }
  }
}
