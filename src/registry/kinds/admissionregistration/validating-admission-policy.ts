import { duplicate, qualifiedName, required, type FieldError, type ValidatingAdmissionPolicy } from "#objects";
import { optionalOneOf, present } from "../common/checks.ts";
import { AGE, integer, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { paramKindText, policyErrors } from "./policies.ts";
import { applyMatchDefaults, CATEGORIES, expressionErrors, GROUP } from "./rules.ts";
import { CLIENT_METADATA } from "../../definition.ts";
import { repeats } from "../common/repeats.ts";

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

function validate({ spec = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const errors = policyErrors(spec);
  if (validations.length + auditAnnotations.length === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    errors.push(required("spec.validations", detail), required("spec.auditAnnotations", detail));
  }
  for (const [i, { expression, reason }] of validations.entries()) {
    errors.push(...expressionErrors(`spec.validations[${i}].expression`, expression));
    errors.push(...optionalOneOf(`spec.validations[${i}].reason`, reason, REASONS));
  }
  const repeated = repeats(auditAnnotations.map(({ key }) => key));
  for (const [i, { key, valueExpression }] of auditAnnotations.entries()) {
    const field = `spec.auditAnnotations[${i}]`;
    errors.push(...present(`${field}.key`, key, qualifiedName));
    if (repeated[i]) errors.push(duplicate(`${field}.key`, key));
    errors.push(...expressionErrors(`${field}.valueExpression`, valueExpression));
  }
  return errors;
}

export const validatingAdmissionPolicies = define<ValidatingAdmissionPolicy>({
  group: GROUP,
  resource: "validatingadmissionpolicies",
  singular: "validatingadmissionpolicy",
  kind: "ValidatingAdmissionPolicy",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: [served("admissionregistration", "v1", "ValidatingAdmissionPolicy")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  hasGeneration: true,
  applyDefaults(draft) {
    const spec = (draft.spec ??= {});
    spec.failurePolicy ??= "Fail";
    applyMatchDefaults(spec.matchConstraints);
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  columns: [
    integer("Validations", ({ spec }) => spec?.validations?.length ?? 0),
    text("ParamKind", ({ spec }) => paramKindText(spec?.paramKind)),
    AGE,
  ],
});
