import { nextGeneration, formatLabelSelector, type Deployment, type Draft } from "#objects";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { scaleByReplicas } from "../common/scale.ts";
import { semanticEqual } from "../common/equal.ts";
import { unchanged } from "../common/checks.ts";
import { defaultPodTemplate } from "../core/pod/defaults.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import { templateWarnings, workloadNameWarnings } from "../core/pod/warnings.ts";
import { validateDeployment, validateDeploymentStatusUpdate } from "./deployment-validation.ts";

export const deployments = define<Deployment>({
  group: "apps",
  resource: "deployments",
  singular: "deployment",
  kind: "Deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("apps", "v1", "Deployment")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  statusResetFields: ["labels"],
  hasGeneration: true,
  applyDefaults: defaultDeployment,
  prepareForCreate(draft) {
    draft.status = {};
  },
  prepareForUpdate(draft, old) {
    // Annotations carry parameters of the rollout (change cause), so that the controller must see that they changed.
    if (!semanticEqual(draft.metadata.annotations, old.metadata.annotations)) {
      draft.metadata.generation = nextGeneration(old.metadata.generation ?? 0);
    }
  },
  validate: (deployment) => validateDeployment(deployment),
  validateUpdate: (deployment, old) => unchanged("spec.selector", deployment.spec?.selector, old.spec?.selector),
  validateStatusUpdate: validateDeploymentStatusUpdate,
  warnings: (deployment, old) => [
    ...(old ? [] : workloadNameWarnings(deployment.metadata)),
    ...templateWarnings(deployment.spec?.template, old?.spec?.template, "spec.template"),
  ],
  subresources: { scale: scaleByReplicas() },
  columns: [
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, {
      description: "Pods that are ready, of those that are wanted",
    }),
    text("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0, {
      description: "Pods of the newest template",
    }),
    text("Available", ({ status }) => status?.availableReplicas ?? 0, {
      description: "Pods that have been ready for minReadySeconds",
    }),
    AGE,
    ...containerColumns<Deployment>(({ spec }) => spec?.template.spec),
    wide("Selector", ({ spec }) => formatLabelSelector(spec?.selector)),
  ],
});

/** Source: upstream pkg/apis/apps/v1 SetDefaults_Deployment. */
function defaultDeployment({ spec }: Draft<Deployment>): void {
  if (!spec) return;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    spec.strategy.rollingUpdate.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultPodTemplate(spec.template);
}
