import { invalid, required, type FieldError, type MutatingAdmissionPolicy, type Mutation } from "#objects";
import { requiredOneOf } from "../common/checks.ts";
import { AGE, integer, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { paramKindText, policyErrors } from "./policies.ts";
import { applyMatchDefaults, CATEGORIES, expressionErrors, GROUP, REINVOCATION_POLICIES } from "./rules.ts";

function mutationErrors(field: string, { patchType, applyConfiguration, jsonPatch }: Mutation): FieldError[] {
  const errors = requiredOneOf(`${field}.patchType`, patchType, ["ApplyConfiguration", "JSONPatch"]);
  if (errors.length > 0) return errors;
  const applies = patchType === "ApplyConfiguration";
  const [own, other] = applies ? [applyConfiguration, jsonPatch] : [jsonPatch, applyConfiguration];
  const [name, otherName] = applies ? ["applyConfiguration", "jsonPatch"] : ["jsonPatch", "applyConfiguration"];
  if (!own) errors.push(required(`${field}.${name}`, `must be specified when patchType is ${patchType}`));
  else errors.push(...expressionErrors(`${field}.${name}.expression`, own.expression));
  if (other)
    errors.push(invalid(`${field}.${otherName}`, "{}", `must not be specified when patchType is ${patchType}`));
  return errors;
}

function validate({ spec = {} }: MutatingAdmissionPolicy): FieldError[] {
  const mutations = spec.mutations ?? [];
  return [
    ...policyErrors(spec),
    ...(mutations.length === 0 ? [required("spec.mutations", "mutations must contain at least one item")] : []),
    ...mutations.flatMap((mutation, i) => mutationErrors(`spec.mutations[${i}]`, mutation)),
    ...requiredOneOf("spec.reinvocationPolicy", spec.reinvocationPolicy, REINVOCATION_POLICIES),
  ];
}

export const mutatingAdmissionPolicies = define<MutatingAdmissionPolicy>({
  group: GROUP,
  resource: "mutatingadmissionpolicies",
  singular: "mutatingadmissionpolicy",
  kind: "MutatingAdmissionPolicy",
  categories: CATEGORIES,
  namespaced: false,
  storageVersion: "v1",
  versions: ["v1", "v1beta1", "v1alpha1"].map((version) =>
    served("admissionregistration", version, "MutatingAdmissionPolicy"),
  ),
  requiresResourceVersionOnUpdate: true,
  hasGeneration: true,
  applyDefaults(draft) {
    const spec = (draft.spec ??= {});
    spec.failurePolicy ??= "Fail";
    applyMatchDefaults(spec.matchConstraints);
  },
  validate,
  columns: [
    integer("Mutations", ({ spec }) => spec?.mutations?.length ?? 0),
    text("ParamKind", ({ spec }) => paramKindText(spec?.paramKind)),
    AGE,
  ],
});
