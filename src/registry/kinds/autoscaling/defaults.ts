import type { Draft, V2HorizontalPodAutoscaler, V2HPAScalingPolicy, V2HPAScalingRules } from "#objects";

const CPU_PERCENT = 80;

/** Up: as many pods again, or four, every 15 seconds, whichever is more, at once. */
const SCALE_UP: Draft<V2HPAScalingRules> = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};

/** Down: to the least, once the metrics have been low for some time. */
const SCALE_DOWN: Draft<V2HPAScalingRules> = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

/** Source: upstream pkg/apis/autoscaling/v2 SetDefaults_HorizontalPodAutoscaler. */
export function defaultAutoscaler({ spec }: Draft<V2HorizontalPodAutoscaler>): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: "Utilization", averageUtilization: CPU_PERCENT };
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, SCALE_UP);
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, SCALE_DOWN);
}

function withDefaults(
  rules: Draft<V2HPAScalingRules> | undefined,
  defaults: Draft<V2HPAScalingRules>,
): Draft<V2HPAScalingRules> {
  const policies = (list: readonly V2HPAScalingPolicy[] = []) => list.map((policy) => ({ ...policy }));
  return {
    ...defaults,
    ...rules,
    policies: policies(rules?.policies ?? defaults.policies),
  };
}
