import {
  dnsLabel,
  forbidden,
  invalid,
  required,
  validateAnnotations,
  validateLabels,
  type FieldError,
  type RollingUpdateStatefulSetStrategy,
  type StatefulSet,
  type StatefulSetUpdateStrategy,
} from "#objects";
import { each, nonNegative, oneOf } from "../common/checks.ts";
import { semanticEqual } from "../common/equal.ts";
import { validateRunsForever, validateSelectorMatches, validateWorkloadSelector } from "../core/pod/template.ts";
import { validatePodAnnotations } from "../core/pod/validation/annotations.ts";
import { isZero, validateAtMost100Percent, validateIntOrPercent } from "./rolling-update.ts";
import { validateCollisionCount, validateFigures } from "./status.ts";

/**
 * Source: upstream pkg/apis/apps/validation ValidateStatefulSetSpec. Like there, the template's pod spec is not
 * looked into: its mounts may name volumes that come from the claim templates.
 */
export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (!spec) return [required("spec.selector"), required("spec.template.spec.containers")];
  const { template, persistentVolumeClaimRetentionPolicy: retention } = spec;
  const annotations = template?.metadata?.annotations;
  return [
    ...validatePodManagementPolicy(spec.podManagementPolicy, "spec.podManagementPolicy"),
    ...validateUpdateStrategy(spec.updateStrategy, "spec.updateStrategy"),
    ...oneOf("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", retention?.whenDeleted, ["Retain", "Delete"]),
    ...oneOf("spec.persistentVolumeClaimRetentionPolicy.whenScaled", retention?.whenScaled, ["Retain", "Delete"]),
    ...nonNegative("spec.replicas", spec.replicas),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...nonNegative("spec.ordinals.start", spec.ordinals?.start),
    ...(spec.serviceName ? each("spec.serviceName", spec.serviceName, dnsLabel(spec.serviceName)) : []),
    ...validateWorkloadSelector(spec.selector, "spec.selector", "empty selector is invalid for statefulset"),
    ...validateSelectorMatches(spec.selector, template, "spec.template"),
    ...validateLabels(template?.metadata?.labels, "spec.template.labels"),
    ...validateAnnotations(annotations, "spec.template.annotations"),
    ...(template?.spec ? validatePodAnnotations(annotations, template.spec, "spec.template.annotations") : []),
    ...validateRunsForever(template, "spec.template", "StatefulSet"),
  ];
}

function validatePodManagementPolicy(policy: string | undefined, path: string): FieldError[] {
  if (!policy) return [required(path)];
  return policy === "OrderedReady" || policy === "Parallel"
    ? []
    : [invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateUpdateStrategy(strategy: StatefulSetUpdateStrategy | undefined, path: string): FieldError[] {
  if (!strategy?.type) return [required(path)];
  const { type, rollingUpdate } = strategy;
  if (type === "OnDelete") {
    return rollingUpdate
      ? [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
      : [];
  }
  if (type !== "RollingUpdate") return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  return rollingUpdate ? validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`) : [];
}

function validateRollingUpdate(
  { partition, maxUnavailable }: RollingUpdateStatefulSetStrategy,
  path: string,
): FieldError[] {
  const errors = nonNegative(`${path}.partition`, partition);
  if (maxUnavailable === undefined) return errors;
  return [
    ...errors,
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...(isZero(maxUnavailable) ? [invalid(`${path}.maxUnavailable`, maxUnavailable, "cannot be 0")] : []),
    ...validateAtMost100Percent(maxUnavailable, `${path}.maxUnavailable`),
  ];
}

const CHANGEABLE = new Set([
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
]);

/** Source: upstream ValidateStatefulSetUpdate. */
export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const fixed = (spec: object = {}) => Object.fromEntries(Object.entries(spec).filter(([key]) => !CHANGEABLE.has(key)));
  return semanticEqual(fixed(set.spec), fixed(old.spec))
    ? []
    : [
        forbidden(
          "spec",
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      ];
}

/** Source: upstream ValidateStatefulSetStatusUpdate. */
export function validateStatefulSetStatusUpdate({ status }: StatefulSet, old: StatefulSet): FieldError[] {
  const { availableReplicas = 0, readyReplicas = 0 } = status ?? {};
  return [
    ...validateFigures(
      status,
      [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
      ],
      ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    ),
    ...(availableReplicas > readyReplicas
      ? [invalid("status.availableReplicas", availableReplicas, "cannot be greater than status.readyReplicas")]
      : []),
    ...validateCollisionCount(status?.collisionCount, old.status?.collisionCount),
  ];
}
