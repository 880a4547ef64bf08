import {
  forbidden,
  invalid,
  notSupported,
  required,
  type Deployment,
  type DeploymentSpec,
  type DeploymentStrategy,
  type FieldError,
} from "#objects";
import { nonNegative } from "../common/checks.ts";
import {
  validateRunsForever,
  validateSelectorMatches,
  validateTemplate,
  validateWorkloadSelector,
} from "../core/pod/template.ts";
import { isZero, validateAtMost100Percent, validateIntOrPercent } from "./rolling-update.ts";
import { validateAvailable, validateCollisionCount, validateFigures } from "./status.ts";

/** Source: upstream pkg/apis/apps/validation ValidateDeploymentSpec. */
export function validateDeployment({ spec }: Deployment): FieldError[] {
  if (!spec) return [required("spec.selector"), required("spec.template.spec.containers")];
  return [
    ...nonNegative("spec.replicas", spec.replicas),
    ...validateWorkloadSelector(spec.selector, "spec.selector", "empty selector is invalid for deployment"),
    ...validateSelectorMatches(spec.selector, spec.template, "spec.template"),
    ...validateTemplate(spec.template, "spec.template"),
    ...validateRunsForever(spec.template, "spec.template", "ReplicaSet"),
    ...validateStrategy(spec.strategy, "spec.strategy"),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...validateProgressDeadline(spec),
  ];
}

function validateStrategy(strategy: DeploymentStrategy | undefined, path: string): FieldError[] {
  const { type = "", rollingUpdate } = strategy ?? {};
  if (type === "Recreate") {
    return rollingUpdate
      ? [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  }
  if (type !== "RollingUpdate") return [notSupported(path, strategy, ["Recreate", "RollingUpdate"])];
  if (!rollingUpdate) return [required(`${path}.rollingUpdate`, "this should be defaulted and never be nil")];
  const { maxSurge, maxUnavailable } = rollingUpdate;
  return [
    ...validateIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`),
    ...(isZero(maxUnavailable) && isZero(maxSurge)
      ? [invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")]
      : []),
    ...validateAtMost100Percent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
  ];
}

function validateProgressDeadline({ progressDeadlineSeconds, minReadySeconds = 0 }: DeploymentSpec): FieldError[] {
  if (progressDeadlineSeconds === undefined) return [];
  const path = "spec.progressDeadlineSeconds";
  const errors = nonNegative(path, progressDeadlineSeconds);
  return progressDeadlineSeconds <= minReadySeconds
    ? [...errors, invalid(path, progressDeadlineSeconds, "must be greater than minReadySeconds")]
    : errors;
}

/** Source: upstream ValidateDeploymentStatusUpdate. */
export function validateDeploymentStatusUpdate({ status }: Deployment, old: Deployment): FieldError[] {
  return [
    ...validateFigures(
      status,
      [
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
      ],
      ["updatedReplicas", "readyReplicas", "availableReplicas"],
    ),
    ...validateAvailable(status),
    ...validateCollisionCount(status?.collisionCount, old.status?.collisionCount),
  ];
}
