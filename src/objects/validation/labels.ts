/** Labels, annotations and label selectors (apimachinery meta/v1/validation, api/validation). */
import { forbidden, invalid, required, tooLong, type FieldError } from "../field-error.ts";
import type { LabelSelector, LabelSelectorRequirement } from "../generated/types.ts";
import { labelValue, qualifiedName } from "./names.ts";
import { byteLength } from "./text.ts";

type StringMap = Readonly<Record<string, string>> | undefined;

/** All keys and values of an object's annotations together, in bytes. */
export const MAX_ANNOTATIONS_BYTES = 256 * 1024;

export function validateLabels(labels: StringMap, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    for (const message of qualifiedName(key)) errors.push(invalid(path, key, message));
    const value = labels[key]!;
    for (const message of labelValue(value)) errors.push(invalid(path, value, message));
  }
  return errors;
}

/** Keys as those of labels but in any case; values are free up to {@link MAX_ANNOTATIONS_BYTES}. */
export function validateAnnotations(annotations: StringMap, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    for (const message of qualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message));
    bytes += byteLength(key) + byteLength(annotations[key]!);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) errors.push(tooLong(path, "", MAX_ANNOTATIONS_BYTES));
  return errors;
}

/** One key of a label. */
export const validateLabelName = (key: string, path: string): FieldError[] =>
  qualifiedName(key).map((message) => invalid(path, key, message));

/** `allowInvalidValues`: for updates of objects that were stored before values were checked. */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: string,
  options: { readonly allowInvalidValues?: boolean } = {},
): FieldError[] {
  if (!selector) return [];
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`);
  for (const [i, requirement] of (selector.matchExpressions ?? []).entries()) {
    errors.push(...validateLabelSelectorRequirement(requirement, `${path}.matchExpressions[${i}]`, options));
  }
  return errors;
}

export function validateLabelSelectorRequirement(
  requirement: Partial<LabelSelectorRequirement>,
  path: string,
  options: { readonly allowInvalidValues?: boolean } = {},
): FieldError[] {
  const { key = "", operator = "", values = [] } = requirement;
  const errors: FieldError[] = [];
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) {
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    default:
      errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  }
  errors.push(...validateLabelName(key, `${path}.key`));
  if (!options.allowInvalidValues) {
    for (const [i, value] of values.entries()) {
      for (const message of labelValue(value)) errors.push(invalid(`${path}.values[${i}]`, value, message));
    }
  }
  return errors;
}
