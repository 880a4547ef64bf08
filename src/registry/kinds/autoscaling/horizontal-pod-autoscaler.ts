import type { Draft, V2HorizontalPodAutoscaler } from "#objects";
import { AGE, text } from "../common/columns.ts";
import { converted, define, served } from "../common/define.ts";
import { defaultAutoscaler } from "./defaults.ts";
import { formatMetrics } from "./metrics-text.ts";
import { fromV1, toV1 } from "./v1.ts";
import { validateAgainst, validateAutoscaler, validateAutoscalerStatus } from "./validation.ts";

export const horizontalPodAutoscalers = define<V2HorizontalPodAutoscaler>({
  group: "autoscaling",
  resource: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  kind: "HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v2",
  versions: [
    served("autoscaling", "v2", "HorizontalPodAutoscaler"),
    served("autoscaling", "v1", "HorizontalPodAutoscaler", converted(toV1, fromV1)),
  ],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  applyDefaults: (draft: Draft<V2HorizontalPodAutoscaler>) => defaultAutoscaler(draft),
  prepareForCreate(draft) {
    draft.status = { desiredReplicas: 0 };
  },
  validate: validateAutoscaler,
  validateCreate: (autoscaler) => validateAgainst(autoscaler, undefined),
  validateUpdate: validateAgainst,
  validateStatusUpdate: validateAutoscalerStatus,
  columns: [
    text("Reference", ({ spec }) => (spec ? `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` : ""), {
      description: "What is scaled",
    }),
    text("Targets", ({ spec, status }) => formatMetrics(spec?.metrics ?? [], status?.currentMetrics ?? []), {
      description: "Each metric as it is, and as it should be",
    }),
    text("MinPods", ({ spec }) => `${spec?.minReplicas ?? "<unset>"}`, { description: "It never scales below this" }),
    text("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0, { description: "It never scales above this" }),
    text("Replicas", ({ status }) => status?.currentReplicas ?? 0, { description: "Pods that there are" }),
    AGE,
  ],
});
