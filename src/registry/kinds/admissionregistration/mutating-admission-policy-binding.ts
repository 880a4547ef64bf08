import { dnsSubdomain, type MutatingAdmissionPolicyBinding } from "#objects";
import { present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { paramText } from "./policies.ts";
import { applyMatchDefaults, CATEGORIES, GROUP, matchResourcesErrors, paramRefErrors } from "./rules.ts";

export const mutatingAdmissionPolicyBindings = define<MutatingAdmissionPolicyBinding>({
  group: GROUP,
  resource: "mutatingadmissionpolicybindings",
  singular: "mutatingadmissionpolicybinding",
  kind: "MutatingAdmissionPolicyBinding",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: ["v1", "v1beta1", "v1alpha1"].map((version) =>
    served("admissionregistration", version, "MutatingAdmissionPolicyBinding"),
  ),
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  validate: ({ spec }) => [
    ...present("spec.policyName", spec?.policyName, dnsSubdomain),
    ...(spec?.paramRef ? paramRefErrors("spec.paramRef", spec.paramRef) : []),
    ...(spec?.matchResources ? matchResourcesErrors("spec.matchResources", spec.matchResources) : []),
  ],
  columns: [
    text("PolicyName", ({ spec }) => spec?.policyName ?? ""),
    text("ParamRef", ({ spec }) => paramText(spec?.paramRef)),
    AGE,
  ],
});
