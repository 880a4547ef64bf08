import { dnsLabel, type Draft, type StatefulSet } from "#objects";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { scaleByReplicas } from "../common/scale.ts";
import { defaultPodTemplate } from "../core/pod/defaults.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import { claimSpecWarnings } from "../core/volume-claim-warnings.ts";
import { templateWarnings, workloadNameWarnings } from "../core/pod/warnings.ts";
import {
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from "./stateful-set-validation.ts";

export const statefulSets = define<StatefulSet>({
  group: "apps",
  resource: "statefulsets",
  singular: "statefulset",
  kind: "StatefulSet",
  shortNames: ["sts"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("apps", "v1", "StatefulSet")],
  requiresResourceVersionOnUpdate: false,
  // Its pods' host names are made of its name.
  nameErrors: dnsLabel,
  hasStatus: true,
  hasGeneration: true,
  applyDefaults: defaultStatefulSet,
  prepareForCreate(draft) {
    draft.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatusUpdate,
  warnings: (set, old) => [
    ...(old ? [] : workloadNameWarnings(set.metadata)),
    ...templateWarnings(set.spec?.template, old?.spec?.template, "spec.template"),
    ...(set.spec?.volumeClaimTemplates ?? []).flatMap(({ spec }, i) =>
      claimSpecWarnings(spec, `spec.volumeClaimTemplates[${i}]`),
    ),
    ...((set.spec?.revisionHistoryLimit ?? 0) < 0
      ? ["spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"]
      : []),
  ],
  subresources: { scale: scaleByReplicas() },
  columns: [
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, {
      description: "Pods that are ready, of those that are wanted",
    }),
    AGE,
    ...containerColumns<StatefulSet>(({ spec }) => spec?.template.spec),
  ],
});

/** Source: upstream pkg/apis/apps/v1 SetDefaults_StatefulSet. */
function defaultStatefulSet({ spec }: Draft<StatefulSet>): void {
  if (!spec) return;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = "RollingUpdate";
    spec.updateStrategy.rollingUpdate ??= {};
  }
  if (spec.updateStrategy.type === "RollingUpdate" && spec.updateStrategy.rollingUpdate) {
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    claim.spec ??= {};
    claim.spec.volumeMode ??= "Filesystem";
    claim.status ??= {};
    claim.status.phase ||= "Pending";
  }
}
