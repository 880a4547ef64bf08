import { dnsLabel, dnsSubdomain, invalid, required, type FieldError, type V1alpha2PodGroup } from "#objects";
import { present, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { schedulingPolicyErrors, schedulingPolicyName } from "./policy.ts";

type PodGroup = V1alpha2PodGroup;

function templateErrors({ spec }: PodGroup): FieldError[] {
  const ref = spec?.podGroupTemplateRef;
  if (!ref) return [];
  const field = "spec.podGroupTemplateRef.workload";
  if (!ref.workload) return [required(field)];
  return [
    ...present(`${field}.workloadName`, ref.workload.workloadName, dnsSubdomain),
    ...present(`${field}.podGroupTemplateName`, ref.workload.podGroupTemplateName, (name) => dnsLabel(name)),
  ];
}

function status({ status: observed }: PodGroup): string {
  const condition = observed?.conditions?.find(({ type }) => type === "PodGroupScheduled");
  if (!condition) return "Pending";
  return condition.status === "True" ? "Scheduled" : (condition.reason ?? "Pending");
}

export const podGroups = define<PodGroup>({
  group: "scheduling.k8s.io",
  resource: "podgroups",
  singular: "podgroup",
  kind: "PodGroup",
  namespaced: true,
  storageVersion: "v1alpha2",
  versions: [served("scheduling", "v1alpha2", "PodGroup")],
  hasStatus: true,
  applyDefaults(draft) {
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate: (group) =>
    group.spec
      ? [...templateErrors(group), ...schedulingPolicyErrors("spec.schedulingPolicy", group.spec.schedulingPolicy)]
      : [invalid("spec", null, "must be specified")],
  validateUpdate: ({ spec }, old) => [
    ...unchanged("spec.podGroupTemplateRef", spec?.podGroupTemplateRef, old.spec?.podGroupTemplateRef),
    ...unchanged("spec.schedulingPolicy", spec?.schedulingPolicy, old.spec?.schedulingPolicy),
  ],
  columns: [
    text("Policy", ({ spec }) => schedulingPolicyName(spec?.schedulingPolicy)),
    text("Workload", ({ spec }) => spec?.podGroupTemplateRef?.workload?.workloadName ?? "<none>"),
    text("Status", status),
    AGE,
  ],
});
