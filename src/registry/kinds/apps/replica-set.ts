import { formatLabelSelector, required, type FieldError, type ReplicaSet } from "#objects";
import { nonNegative, unchanged } from "../common/checks.ts";
import { AGE, integer, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { scaleByReplicas } from "../common/scale.ts";
import { defaultPodTemplate } from "../core/pod/defaults.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import {
  validateRunsForever,
  validateSelectorMatches,
  validateTemplate,
  validateWorkloadSelector,
} from "../core/pod/template.ts";
import { templateWarnings, workloadNameWarnings } from "../core/pod/warnings.ts";
import { validateAvailable, validateFigures } from "./status.ts";

export const replicaSets = define<ReplicaSet>({
  group: "apps",
  resource: "replicasets",
  singular: "replicaset",
  kind: "ReplicaSet",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("apps", "v1", "ReplicaSet")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  hasGeneration: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  prepareForCreate(draft) {
    draft.status = { replicas: 0 };
  },
  validate: validateReplicaSet,
  validateUpdate: (set, old) => unchanged("spec.selector", set.spec?.selector, old.spec?.selector),
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: (set, old) => [
    ...(old ? [] : workloadNameWarnings(set.metadata)),
    ...templateWarnings(set.spec?.template, old?.spec?.template, "spec.template"),
  ],
  selectableFields: { "status.replicas": ({ status }) => `${status?.replicas ?? 0}` },
  subresources: { scale: scaleByReplicas() },
  columns: [
    integer("Desired", ({ spec }) => spec?.replicas ?? 0, { description: "Pods that are wanted" }),
    integer("Current", ({ status }) => status?.replicas ?? 0, { description: "Pods that there are" }),
    integer("Ready", ({ status }) => status?.readyReplicas ?? 0, { description: "Pods that are ready" }),
    AGE,
    ...containerColumns<ReplicaSet>(({ spec }) => spec?.template?.spec),
    wide("Selector", ({ spec }) => formatLabelSelector(spec?.selector)),
  ],
});

/** Source: upstream pkg/apis/apps/validation ValidateReplicaSetSpec. */
function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (!spec) return [required("spec.selector"), required("spec.template.spec.containers")];
  return [
    ...nonNegative("spec.replicas", spec.replicas),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateWorkloadSelector(spec.selector, "spec.selector", "empty selector is invalid for deployment"),
    ...validateSelectorMatches(spec.selector, spec.template, "spec.template"),
    ...validateTemplate(spec.template, "spec.template"),
    ...validateRunsForever(spec.template, "spec.template", "ReplicaSet"),
  ];
}

function validateReplicaSetStatus({ status }: ReplicaSet): FieldError[] {
  return [
    ...validateFigures(
      status,
      [
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "terminatingReplicas",
        "observedGeneration",
      ],
      ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ),
    ...validateAvailable(status),
  ];
}
