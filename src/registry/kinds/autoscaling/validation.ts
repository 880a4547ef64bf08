import {
  forbidden,
  invalid,
  notSupported,
  quantitySign,
  required,
  type FieldError,
  type V2HorizontalPodAutoscaler,
  type V2HorizontalPodAutoscalerBehavior,
  type V2HPAScalingPolicy,
  type V2HPAScalingRules,
  type V2MetricSpec,
} from "#objects";
import { nonNegative, oneOf } from "../common/checks.ts";
import { quantity } from "../common/quantities.ts";
import { validateMetric } from "./metric-validation.ts";
import { validateReference, validateVersion } from "./reference.ts";

/** Source: upstream pkg/apis/autoscaling/validation validateHorizontalPodAutoscalerSpec. */
export function validateAutoscaler({ spec }: V2HorizontalPodAutoscaler): FieldError[] {
  if (!spec) return [required("spec.scaleTargetRef.kind"), required("spec.scaleTargetRef.name")];
  const { minReplicas, metrics = [] } = spec;
  // The schema requires it, but no check has seen it yet.
  const maxReplicas = spec.maxReplicas ?? 0;
  const errors: FieldError[] = [];
  if (maxReplicas === 0) errors.push(required("spec.maxReplicas", "must be set and greater than 0"));
  else if (maxReplicas < 0) {
    errors.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to 1"));
  }
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  if (minReplicas === 0 && !metrics.some(({ type }) => type === "Object" || type === "External")) {
    const detail = "must specify at least one Object or External metric to support scaling to zero replicas";
    errors.push(forbidden("spec.metrics", detail));
  }
  return [
    ...errors,
    ...validateReference(spec.scaleTargetRef, "spec.scaleTargetRef"),
    ...metrics.flatMap((metric, i) => validateMetric(metric, `spec.metrics[${i}]`)),
    ...(spec.behavior ? validateBehavior(spec.behavior, "spec.behavior") : []),
  ];
}

/**
 * What may be wrong where it was wrong before: the least number of replicas, and API versions. `old`: what an update
 * replaces. Source: upstream validationOptionsForHorizontalPodAutoscaler.
 */
export function validateAgainst(
  { spec }: V2HorizontalPodAutoscaler,
  old: V2HorizontalPodAutoscaler | undefined,
): FieldError[] {
  const { minReplicas, scaleTargetRef: target, metrics = [] } = spec ?? {};
  const errors: FieldError[] = [];
  const least = old?.spec?.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < least) {
    errors.push(invalid("spec.minReplicas", minReplicas, `must be greater than or equal to ${least}`));
  }
  const before = old?.spec?.scaleTargetRef;
  if (!old || before?.kind !== target?.kind || before?.apiVersion !== target?.apiVersion) {
    // The one kind of the core group that scales.
    const mayBeCore = target?.kind === "ReplicationController";
    errors.push(...validateVersion(target, "spec.scaleTargetRef", mayBeCore));
  }
  const describedIn = (list: readonly V2MetricSpec[]) =>
    list.flatMap(({ type, object }, i) =>
      type === "Object" && object
        ? validateVersion(object.describedObject, `spec.metrics[${i}].object.describedObject`, true)
        : [],
    );
  if (describedIn(old?.spec?.metrics ?? []).length === 0) errors.push(...describedIn(metrics));
  return errors;
}

/** Source: upstream ValidateHorizontalPodAutoscalerStatusUpdate. */
export function validateAutoscalerStatus({ status }: V2HorizontalPodAutoscaler): FieldError[] {
  return [
    ...nonNegative("status.currentReplicas", status?.currentReplicas),
    ...nonNegative("status.desiredReplicas", status?.desiredReplicas),
  ];
}

function validateBehavior({ scaleUp, scaleDown }: V2HorizontalPodAutoscalerBehavior, path: string): FieldError[] {
  return [
    ...(scaleUp ? validateRules(scaleUp, `${path}.scaleUp`) : []),
    ...(scaleDown ? validateRules(scaleDown, `${path}.scaleDown`) : []),
  ];
}

const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;

function validateRules(rules: V2HPAScalingRules, path: string): FieldError[] {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const errors: FieldError[] = [];
  const windowPath = `${path}.stabilizationWindowSeconds`;
  if (window !== undefined && window < 0) {
    errors.push(invalid(windowPath, window, "must be greater than or equal to zero"));
  }
  if (window !== undefined && window > MAX_WINDOW_SECONDS) {
    errors.push(invalid(windowPath, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`));
  }
  if (selectPolicy !== undefined)
    errors.push(...oneOf(`${path}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"]));
  if (policies.length === 0) errors.push(required(`${path}.policies`, "must specify at least one Policy"));
  errors.push(...policies.flatMap((policy, i) => validatePolicy(policy, `${path}.policies[${i}]`)));
  const amount = quantity(tolerance);
  if (amount && quantitySign(amount) < 0) {
    errors.push(invalid(`${path}.tolerance`, tolerance, "must be greater than or equal to 0"));
  }
  return errors;
}

function validatePolicy({ type, value, periodSeconds }: V2HPAScalingPolicy, path: string): FieldError[] {
  const positive = "must be greater than zero";
  return [
    ...(type === "Pods" || type === "Percent" ? [] : [notSupported(`${path}.type`, type, ["Percent", "Pods"])]),
    ...(value > 0 ? [] : [invalid(`${path}.value`, value, positive)]),
    ...(periodSeconds > 0 ? [] : [invalid(`${path}.periodSeconds`, periodSeconds, positive)]),
    ...(periodSeconds > MAX_PERIOD_SECONDS
      ? [invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`)]
      : []),
  ];
}
