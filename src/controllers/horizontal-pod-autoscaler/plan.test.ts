import { strict as assert } from "node:assert";
import { test } from "node:test";
import { formatTime, type Pod, type V2HorizontalPodAutoscaler, type V2MetricSpec } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import type { Memory } from "./limits.ts";
import { planAutoscaler, type AutoscalerView } from "./plan.ts";
import type { Reading } from "./proposal.ts";

const NOW = Date.UTC(2026, 0, 1, 1);
const MINUTE = 60_000;

const CPU: V2MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
};

function autoscaler(
  spec: Partial<V2HorizontalPodAutoscaler["spec"]> = {},
  status?: V2HorizontalPodAutoscaler["status"],
): V2HorizontalPodAutoscaler {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [CPU],
      ...spec,
    },
    ...(status ? { status } : {}),
  };
}

/** A pod that requests 100m, ready for long. */
const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: { containers: [{ name: "web", resources: { requests: { cpu: "100m" } } }] },
  status: {
    phase: "Running",
    startTime: formatTime(NOW - 60 * MINUTE),
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: formatTime(NOW - 59 * MINUTE) }],
  },
  ...more,
});

const used = (...milli: readonly number[]): Reading => ({
  type: "pods",
  pods: new Map(milli.map((one, at) => [`p${at}`, { time: NOW - 1000, windowMs: 15_000, milli: BigInt(one) }])),
});

const target = (replicas: number, selector = "app=web"): AutoscalerView["target"] => ({
  scale: {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name: "web", namespace: "shop" },
    spec: { replicas },
    status: { replicas, selector },
  },
});

const pods = (count: number) => Array.from({ length: count }, (_, at) => pod(`p${at}`));

const view = (more: Partial<AutoscalerView> = {}): AutoscalerView => ({
  autoscaler: autoscaler(),
  target: target(2),
  pods: pods(2),
  claimants: ["shop/web"],
  readings: [used(50, 50)],
  memory: undefined,
  ...more,
});

const example = transcripts({
  plan: planAutoscaler,
  now: NOW,
  tell(step) {
    switch (step.type) {
      case "event":
        return `${step.level} ${step.reason}: ${step.message}`;
      case "scale":
        return `scale to ${step.replicas}`;
      case "remember": {
        const { recommendations, scaleUps, scaleDowns } = step.memory;
        const events = [...scaleUps.map(({ change }) => `+${change}`), ...scaleDowns.map(({ change }) => `-${change}`)];
        return `remember ${[recommendations.map(({ replicas }) => replicas).join(", "), ...events].join("; ")}`;
      }
      case "status": {
        const { currentReplicas, desiredReplicas, conditions = [], lastScaleTime } = step.status;
        const told = conditions.map(({ type, status, reason }) => `${type}=${status} (${reason})`);
        return `${currentReplicas} now, ${desiredReplicas} wanted${lastScaleTime ? ", scaled" : ""}: ${told.join(", ")}`;
      }
    }
  },
});

example(
  "pods that use what they should stay as many as they are",
  view(),
  `
  1. remember 2, 2
  2. 2 now, 2 wanted: AbleToScale=True (ReadyForNewScale), ScalingActive=True (ValidMetricFound), ScalingLimited=False (DesiredWithinRange)
  look again in 15 s
  because cpu resource utilization (percentage of request) asks for 2
`,
);

example(
  "pods that use more than a tenth too much become more",
  view({ readings: [used(80, 70)] }),
  `
  1. remember 2, 3
  2. scale to 3
  because cpu resource utilization (percentage of request) above target
`,
);

example(
  "what has been scaled is told of",
  view({ readings: [used(80, 70)], outcome: { type: "scaled" } }),
  `
  1. Normal SuccessfulRescale: New size: 3; reason: cpu resource utilization (percentage of request) above target
  2. remember 2, 3
  3. 2 now, 3 wanted, scaled: AbleToScale=True (SucceededRescale), ScalingActive=True (ValidMetricFound), ScalingLimited=False (DesiredWithinRange)
  look again in 15 s
  because cpu resource utilization (percentage of request) above target
`,
);

example(
  "a scale that could not be written is told of, and the figures stay",
  view({ readings: [used(80, 70)], outcome: { type: "refused", problem: "no" } }),
  `
  1. Warning FailedRescale: New size: 3; reason: cpu resource utilization (percentage of request) above target; error: no
  2. remember 2, 3
  3. 2 now, 0 wanted: AbleToScale=False (FailedUpdateScale), ScalingActive=True (ValidMetricFound), ScalingLimited=False (DesiredWithinRange)
  look again in 15 s
  because the HPA controller was unable to update the target scale: no
`,
);

const memory = (...ago: readonly (readonly [replicas: number, seconds: number])[]): Memory => ({
  recommendations: ago.map(([replicas, seconds]) => ({ replicas, time: NOW - seconds * 1000 })),
  scaleUps: [],
  scaleDowns: [],
});

example(
  "pods become fewer only when all that was wished within five minutes is less",
  view({ readings: [used(10, 10)], memory: memory([9, 301], [2, 299]) }),
  `
  1. remember 2, 1
  2. 2 now, 2 wanted: AbleToScale=True (ScaleDownStabilized), ScalingActive=True (ValidMetricFound), ScalingLimited=False (DesiredWithinRange)
  look again in 15 s
  because cpu resource utilization (percentage of request) asks for 1
`,
);

example(
  "after that they do",
  view({ readings: [used(10, 10)], memory: memory([2, 301], [1, 299]) }),
  `
  1. remember 1, 1
  2. scale to 1
  because All metrics below target
`,
);

example(
  "without rules pods at most double, but for four",
  view({ target: target(3), pods: pods(3), readings: [used(500, 500, 500)], outcome: { type: "scaled" } }),
  `
  1. Normal SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target
  2. remember 3, 30
  3. 3 now, 6 wanted, scaled: AbleToScale=True (SucceededRescale), ScalingActive=True (ValidMetricFound), ScalingLimited=True (ScaleUpLimit)
  look again in 15 s
  because cpu resource utilization (percentage of request) above target
`,
);

example(
  "more pods than the most are brought down without a look at the metrics",
  view({ target: target(12), readings: [] }),
  `
  1. remember 12
  2. scale to 10
  because Current number of replicas above Spec.MaxReplicas
`,
);

example(
  "a target of no pods is left alone",
  view({ target: target(0), pods: [], readings: [] }),
  `
  1. remember 0
  2. 0 now, 0 wanted: AbleToScale=True (SucceededGetScale), ScalingActive=False (ScalingDisabled)
  look again in 15 s
  because scaling is disabled since the replica count of the target is zero
`,
);

example(
  "a target that is not there is told of",
  view({ target: { problem: 'deployments.apps "web" not found' } }),
  `
  1. Warning FailedGetScale: deployments.apps "web" not found
  2. undefined now, 0 wanted: AbleToScale=False (FailedGetScale)
  look again in 15 s
  because the HPA controller was unable to get the target's current scale: deployments.apps "web" not found
`,
);

example(
  "two autoscalers of the same pods do nothing",
  view({ claimants: ["shop/other", "shop/web"], readings: [] }),
  `
  1. Warning AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [shop/other shop/web]
  2. Warning FailedComputeMetricsReplicas: pods by selector app=web are controlled by multiple HPAs: [shop/other shop/web]
  3. remember 2
  4. 2 now, 0 wanted: AbleToScale=True (SucceededGetScale), ScalingActive=False (AmbiguousSelector)
  look again in 15 s
  because pods by selector app=web are controlled by multiple HPAs: [shop/other shop/web]
`,
);

example(
  "a scale without a selector says so",
  view({ target: target(2, ""), pods: [] }),
  `
  1. Warning SelectorRequired: selector is required
  2. Warning FailedComputeMetricsReplicas: selector is required
  3. remember 2
  4. 2 now, 0 wanted: AbleToScale=True (SucceededGetScale), ScalingActive=False (InvalidSelector)
  look again in 15 s
  because selector is required
`,
);

const failed: Reading = { type: "failed", problem: "no metrics returned from resource metrics API" };

example(
  "metrics that cannot be had are told of, one for all",
  view({ readings: [failed] }),
  `
  1. Warning FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API
  2. Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API
  3. remember 2
  4. 2 now, 0 wanted: AbleToScale=True (SucceededGetScale), ScalingActive=False (FailedGetResourceMetric)
  look again in 15 s
  because invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API
`,
);

const QUEUE: V2MetricSpec = {
  type: "External",
  external: {
    metric: { name: "queue", selector: { matchLabels: { q: "a" } } },
    target: { type: "AverageValue", averageValue: "30" },
  },
};

example(
  "one metric that is known is enough to grow, and not to shrink",
  view({
    autoscaler: autoscaler({ metrics: [CPU, QUEUE] }),
    readings: [failed, { type: "values", values: [100_000n, 50_000n] }],
  }),
  `
  1. Warning FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API
  2. remember 2, 5
  3. scale to 4
  because external metric queue(&LabelSelector{MatchLabels:map[string]string{q: a,},MatchExpressions:[]LabelSelectorRequirement{},}) above target
`,
);

test("what each type of metric shows, and how it counts", () => {
  const look = (metric: V2MetricSpec, reading: Reading) => {
    const of = view({
      autoscaler: autoscaler({ metrics: [metric] }),
      readings: [reading],
      outcome: { type: "scaled" },
    });
    const { steps } = planAutoscaler(of, NOW);
    const last = steps.at(-1);
    assert.equal(last?.type, "status");
    return last?.type === "status" ? [last.status.desiredReplicas, last.status.currentMetrics?.[0]] : [];
  };
  assert.deepEqual(look(CPU, used(100, 101)), [
    4,
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "100m" } } },
  ]);
  const memory: V2MetricSpec = {
    type: "Resource",
    resource: { name: "memory", target: { type: "AverageValue", averageValue: "64Mi" } },
  };
  assert.deepEqual(look(memory, used(96 * 2 ** 20 * 1000, 96 * 2 ** 20 * 1000)), [
    3,
    { type: "Resource", resource: { name: "memory", current: { averageValue: "96Mi" } } },
  ]);
  const container: V2MetricSpec = {
    type: "ContainerResource",
    containerResource: { name: "cpu", container: "web", target: { type: "Utilization", averageUtilization: 50 } },
  };
  assert.deepEqual(look(container, used(75, 75)), [
    3,
    {
      type: "ContainerResource",
      containerResource: { name: "cpu", container: "web", current: { averageUtilization: 75, averageValue: "75m" } },
    },
  ]);
  const requests: V2MetricSpec = {
    type: "Pods",
    pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "10" } },
  };
  assert.deepEqual(look(requests, used(15_000, 15_500)), [
    4,
    { type: "Pods", pods: { metric: { name: "requests" }, current: { averageValue: "15250m" } } },
  ]);
  const described = { apiVersion: "v1", kind: "Service", name: "web" };
  const object: V2MetricSpec = {
    type: "Object",
    object: { describedObject: described, metric: { name: "hits" }, target: { type: "Value", value: "100" } },
  };
  assert.deepEqual(look(object, { type: "values", values: [150_000n] }), [
    3,
    { type: "Object", object: { describedObject: described, metric: { name: "hits" }, current: { value: "150" } } },
  ]);
  assert.deepEqual(look(QUEUE, { type: "values", values: [61_000n] }), [
    2,
    { type: "External", external: { metric: QUEUE.external!.metric, current: { averageValue: "30500m" } } },
  ]);
});

test("pods that are not known, or only starting, hold back what the others ask for", () => {
  const wanted = (given: Partial<AutoscalerView>) => {
    const { steps } = planAutoscaler(view({ target: target(4), ...given }), NOW);
    return steps.flatMap((step) => (step.type === "scale" ? [step.replicas] : []))[0] ?? 4;
  };
  const starting = (name: string): Pod =>
    pod(name, {
      status: {
        phase: "Running",
        startTime: formatTime(NOW - MINUTE),
        conditions: [{ type: "Ready", status: "True", lastTransitionTime: formatTime(NOW - 5000) }],
      },
    });
  const gone = (name: string): Pod => ({ ...pod(name), status: { phase: "Failed" } });
  assert.equal(wanted({ pods: pods(4), readings: [used(100, 100, 100, 100)] }), 8);
  // One of which nothing is known counts as idle: 3 of 4 use 100 of 50.
  assert.equal(wanted({ pods: pods(4), readings: [used(100, 100, 100)] }), 6);
  // So does one whose window began before it was ready.
  assert.equal(wanted({ pods: [...pods(3), starting("p3")], readings: [used(100, 100, 100, 900)] }), 6);
  // One that has failed does not count at all.
  assert.equal(wanted({ pods: [...pods(3), gone("p3")], readings: [used(100, 100, 100, 900)] }), 6);
  // To shrink, what is not known uses all that it requests.
  const before = memory([1, 10]);
  assert.equal(wanted({ pods: pods(4), readings: [used(10, 10, 10)], memory: before }), 3);
});
