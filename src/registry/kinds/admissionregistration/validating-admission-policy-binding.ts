import {
  dnsSubdomain,
  duplicate,
  invalid,
  required,
  type FieldError,
  type ValidatingAdmissionPolicyBinding,
} from "#objects";
import { oneOf, present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { repeats } from "../common/repeats.ts";
import { paramText } from "./policies.ts";
import { applyMatchDefaults, CATEGORIES, GROUP, matchResourcesErrors, paramRefErrors } from "./rules.ts";

const ACTIONS = ["Audit", "Deny", "Warn"];

function actionErrors(actions: readonly string[]): FieldError[] {
  const field = "spec.validationActions";
  if (actions.length === 0) return [required(field, "at least one validation action is required")];
  const repeated = repeats(actions);
  const errors = actions.flatMap((action, i) => [
    ...oneOf(`${field}[${i}]`, action, ACTIONS),
    ...(repeated[i] ? [duplicate(`${field}[${i}]`, action)] : []),
  ]);
  if (actions.includes("Deny") && actions.includes("Warn")) {
    const detail =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
    errors.push(invalid(field, actions, detail));
  }
  return errors;
}

export const validatingAdmissionPolicyBindings = define<ValidatingAdmissionPolicyBinding>({
  group: GROUP,
  resource: "validatingadmissionpolicybindings",
  singular: "validatingadmissionpolicybinding",
  kind: "ValidatingAdmissionPolicyBinding",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: [served("admissionregistration", "v1", "ValidatingAdmissionPolicyBinding")],
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  validate: ({ spec }) => [
    ...present("spec.policyName", spec?.policyName, dnsSubdomain),
    ...(spec?.paramRef ? paramRefErrors("spec.paramRef", spec.paramRef) : []),
    ...(spec?.matchResources ? matchResourcesErrors("spec.matchResouces", spec.matchResources) : []),
    ...actionErrors(spec?.validationActions ?? []),
  ],
  columns: [
    text("PolicyName", ({ spec }) => spec?.policyName ?? ""),
    text("ParamRef", ({ spec }) => paramText(spec?.paramRef)),
    AGE,
  ],
});
