import {
  invalid,
  required,
  selectorFromSet,
  validateLabels,
  type Draft,
  type FieldError,
  type ReplicationController,
} from "#objects";
import { nonNegative } from "../common/checks.ts";
import { AGE, formatLabels, integer, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { scaleByReplicas } from "../common/scale.ts";
import { validateAvailable, validateFigures } from "../apps/status.ts";
import { defaultPodTemplate } from "./pod/defaults.ts";
import { containerColumns } from "./pod/template-columns.ts";
import { validateRunsForever, validateTemplate } from "./pod/template.ts";
import { templateWarnings, workloadNameWarnings } from "./pod/warnings.ts";

export const replicationControllers = define<ReplicationController>({
  group: "",
  resource: "replicationcontrollers",
  singular: "replicationcontroller",
  kind: "ReplicationController",
  shortNames: ["rc"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "ReplicationController")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  hasGeneration: true,
  defaultPropagation: "Orphan",
  applyDefaults: defaultController,
  prepareForCreate(draft) {
    draft.status = { replicas: 0 };
  },
  validate: validateController,
  validateStatusUpdate: validateStatus,
  warnings: (controller, old) => [
    ...(old ? [] : workloadNameWarnings(controller.metadata)),
    ...templateWarnings(controller.spec?.template, old?.spec?.template, "spec.template"),
  ],
  selectableFields: { "status.replicas": ({ status }) => `${status?.replicas ?? 0}` },
  subresources: {
    scale: {
      ...scaleByReplicas<ReplicationController>(),
      setReplicas(draft, replicas) {
        draft.spec ??= {};
        draft.spec.replicas = replicas;
      },
    },
  },
  columns: [
    integer("Desired", ({ spec }) => spec?.replicas ?? 0, { description: "Pods that are wanted" }),
    integer("Current", ({ status }) => status?.replicas ?? 0, { description: "Pods that there are" }),
    integer("Ready", ({ status }) => status?.readyReplicas ?? 0, { description: "Pods that are ready" }),
    AGE,
    ...containerColumns<ReplicationController>(({ spec }) => spec?.template?.spec),
    wide("Selector", ({ spec }) => formatLabels(spec?.selector)),
  ],
});

/** Selector and labels come from the template's labels. Source: upstream SetDefaults_ReplicationController. */
function defaultController({ metadata, spec }: Draft<ReplicationController>): void {
  if (!spec) return;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
  defaultPodTemplate(spec.template);
}

/** Source: upstream ValidateReplicationControllerSpec. */
function validateController({ spec }: ReplicationController): FieldError[] {
  const { selector, template } = spec ?? {};
  const errors = [
    ...nonNegative("spec.minReadySeconds", spec?.minReadySeconds),
    ...(Object.keys(selector ?? {}).length === 0 ? [required("spec.selector")] : []),
    ...validateLabels(selector, "spec.selector"),
    ...(spec?.replicas === undefined ? [required("spec.replicas")] : nonNegative("spec.replicas", spec.replicas)),
  ];
  if (!template) return [...errors, required("spec.template")];
  const labels = template.metadata?.labels;
  if (Object.keys(selector ?? {}).length > 0 && !selectorFromSet(selector).matches(labels)) {
    errors.push(invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
  }
  return [
    ...errors,
    ...validateTemplate(template, "spec.template"),
    ...validateRunsForever(template, "spec.template", "ReplicationController"),
  ];
}

function validateStatus({ status }: ReplicationController): FieldError[] {
  return [
    ...validateFigures(
      status,
      ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"],
      ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ),
    ...validateAvailable(status),
  ];
}
