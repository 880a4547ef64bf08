import {
  dnsLabel,
  dnsSubdomain,
  duplicate,
  pathSegmentName,
  required,
  sameJson,
  tooMany,
  invalid,
  type FieldError,
  type V1alpha2Workload,
} from "#objects";
import { each, present } from "../common/checks.ts";
import { AGE } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { schedulingPolicyErrors } from "./policy.ts";

const MAX_TEMPLATES = 8;
const TEMPLATES = "spec.podGroupTemplates";

function validate({ spec }: V1alpha2Workload): FieldError[] {
  const errors: FieldError[] = [];
  const ref = spec?.controllerRef;
  if (ref) {
    const field = "spec.controllerRef";
    if (ref.apiGroup) errors.push(...each(`${field}.apiGroup`, ref.apiGroup, dnsSubdomain(ref.apiGroup)));
    errors.push(
      ...present(`${field}.kind`, ref.kind, pathSegmentName),
      ...present(`${field}.name`, ref.name, pathSegmentName),
    );
  }
  const templates = spec?.podGroupTemplates ?? [];
  if (templates.length === 0) return [...errors, required(TEMPLATES, "must have at least one item")];
  if (templates.length > MAX_TEMPLATES) return [...errors, tooMany(TEMPLATES, templates.length, MAX_TEMPLATES)];
  for (const [i, { name, schedulingPolicy }] of templates.entries()) {
    const field = `${TEMPLATES}[${i}]`;
    errors.push(...present(`${field}.name`, name, (value) => dnsLabel(value)));
    if (templates.findIndex((other) => other.name === name) < i) errors.push(duplicate(field, name));
    errors.push(...schedulingPolicyErrors(`${field}.schedulingPolicy`, schedulingPolicy));
  }
  return errors;
}

function validateUpdate({ spec }: V1alpha2Workload, { spec: old }: V1alpha2Workload): FieldError[] {
  const errors: FieldError[] = [];
  const fixed = (field: string, value: unknown) => errors.push(invalid(field, value, "field is immutable"));
  if (old?.controllerRef && !sameJson(spec?.controllerRef, old.controllerRef)) {
    fixed("spec.controllerRef", spec?.controllerRef ?? null);
  }
  if (!sameJson(spec?.podGroupTemplates, old?.podGroupTemplates)) fixed(TEMPLATES, spec?.podGroupTemplates ?? null);
  return errors;
}

export const workloads = define<V1alpha2Workload>({
  group: "scheduling.k8s.io",
  resource: "workloads",
  singular: "workload",
  kind: "Workload",
  namespaced: true,
  storageVersion: "v1alpha2",
  versions: [served("scheduling", "v1alpha2", "Workload")],
  validate,
  validateUpdate,
  columns: [AGE],
});
