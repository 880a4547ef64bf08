import {
  dnsSubdomain,
  forbidden,
  invalid,
  labelValue,
  required,
  validateLabelName,
  type FieldError,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
} from "#objects";
import { each } from "./checks.ts";

function valueErrors(field: string, { operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length > 0
        ? []
        : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case "Exists":
    case "DoesNotExist":
      return values.length === 0
        ? []
        : [forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case "Gt":
    case "Lt":
      return values.length === 1
        ? []
        : [required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalid(`${field}.operator`, operator, "not a valid selector operator")];
  }
}

function expressionErrors(field: string, requirement: NodeSelectorRequirement, anyValues: boolean): FieldError[] {
  const { key, values = [] } = requirement;
  return [
    ...valueErrors(field, requirement),
    ...validateLabelName(key ?? "", `${field}.key`),
    ...(anyValues ? [] : values.flatMap((value, i) => each(`${field}.values[${i}]`, value, labelValue(value)))),
  ];
}

function fieldErrors(field: string, { key, operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalid(`${field}.operator`, operator, "not a valid selector operator"));
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${field}.values`, detail));
  }
  if (key !== "metadata.name") {
    return [...errors, invalid(`${field}.key`, key, "not a valid field selector key")];
  }
  return [...errors, ...values.flatMap((value, i) => each(`${field}.values[${i}]`, value, dnsSubdomain(value)))];
}

/** ValidateNodeSelector: what a volume or a pod may say of nodes. */
export function nodeSelectorErrors(field: string, { nodeSelectorTerms: terms }: NodeSelector): FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  return terms?.length
    ? terms.flatMap((term, i) => nodeTermErrors(`${path}[${i}]`, term))
    : [required(path, "must have at least one node selector term")];
}

/** ValidateNodeSelectorTerm. Preferences may ask for values that no label can have. */
export function nodeTermErrors(
  field: string,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  { anyValues = false } = {},
): FieldError[] {
  return [
    ...matchExpressions.flatMap((item, i) => expressionErrors(`${field}.matchExpressions[${i}]`, item, anyValues)),
    ...matchFields.flatMap((item, i) => fieldErrors(`${field}.matchFields[${i}]`, item)),
  ];
}
