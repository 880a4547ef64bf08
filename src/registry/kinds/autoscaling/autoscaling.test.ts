import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyDraft, Draft, FieldError, V2HorizontalPodAutoscaler, V2MetricSpec } from "#objects";
import type { WriteContext } from "../../definition.ts";
import { horizontalPodAutoscalers } from "./horizontal-pod-autoscaler.ts";
import { formatMetrics } from "./metrics-text.ts";
import { fromV1, toV1 } from "./v1.ts";

const CONTEXT = {} as WriteContext;
const NOW = Date.UTC(2026, 0, 1, 1);
const TARGET = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

const texts = (errors: readonly FieldError[] = []) => errors.map(({ field, message }) => `${field}: ${message}`);

function autoscaler(spec: object): V2HorizontalPodAutoscaler {
  const draft = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: structuredClone({ scaleTargetRef: TARGET, maxReplicas: 5, ...spec }),
  } as unknown as Draft<V2HorizontalPodAutoscaler>;
  horizontalPodAutoscalers.applyDefaults?.(draft);
  return draft as V2HorizontalPodAutoscaler;
}
const { validate, validateCreate, validateUpdate } = horizontalPodAutoscalers;
const wrong = (spec: object) => {
  const object = autoscaler(spec);
  return [...texts(validate?.(object, CONTEXT)), ...texts(validateCreate?.(object, CONTEXT))];
};
const wrongUpdate = (spec: object, old: object) => texts(validateUpdate?.(autoscaler(spec), autoscaler(old), CONTEXT));

const CPU: V2MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
};

test("an autoscaler gets upstream's default metric, replicas and behaviour", () => {
  assert.deepEqual(autoscaler({}).spec, { scaleTargetRef: TARGET, minReplicas: 1, maxReplicas: 5, metrics: [CPU] });
  const { behavior } = autoscaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }).spec!;
  assert.deepEqual(behavior, {
    scaleDown: {
      policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
      selectPolicy: "Max",
      stabilizationWindowSeconds: 60,
    },
    scaleUp: {
      policies: [
        { type: "Pods", value: 4, periodSeconds: 15 },
        { type: "Percent", value: 100, periodSeconds: 15 },
      ],
      selectPolicy: "Max",
      stabilizationWindowSeconds: 0,
    },
  });
});

test("an autoscaler's replicas, target, metrics and policies are checked in upstream's words", () => {
  assert.deepEqual(wrong({}), []);
  assert.deepEqual(wrong({ minReplicas: 0, maxReplicas: 0, scaleTargetRef: { kind: "", name: "a/b" } }), [
    "spec.maxReplicas: Required value: must be set and greater than 0",
    "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
    "spec.scaleTargetRef.kind: Required value",
    "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'",
    "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
    'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
  ]);
  assert.deepEqual(wrong({ minReplicas: 1, maxReplicas: -1 }), [
    "spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1",
    "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
  ]);
  assert.deepEqual(wrong({ minReplicas: 6 }), [
    "spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`",
  ]);
  assert.deepEqual(
    wrong({
      metrics: [
        { type: "Resource", resource: { name: "", target: { type: "Utilization" } } },
        { type: "Pods", resource: CPU.resource },
        { type: "X" },
        { type: "External", external: { metric: { name: "m" }, target: { type: "Value", value: "0" } } },
      ],
      behavior: {
        scaleUp: { policies: [], selectPolicy: "Some" },
        scaleDown: { policies: [{ type: "A", value: 0, periodSeconds: 3000 }] },
      },
    }),
    [
      "spec.metrics[0].resource.name: Required value: must specify a resource name",
      "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
      "spec.metrics[1].pods: Required value: must populate information for the given metric source",
      'spec.metrics[2].type: Unsupported value: "X": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      'spec.metrics[3].external.target.value: Invalid value: "0": must be positive',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Some": supported values: "Disabled", "Max", "Min"',
      "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
      'spec.behavior.scaleDown.policies[0].type: Unsupported value: "A": supported values: "Percent", "Pods"',
      "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
      "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 3000: must be less than or equal to 1800",
    ],
  );
});

test("a target outside of the core group names its group, but for a ReplicationController and what was there before", () => {
  const target = (apiVersion: string, kind = "Deployment") => ({ scaleTargetRef: { apiVersion, kind, name: "web" } });
  const group = (version: string) =>
    `spec.scaleTargetRef.apiVersion: Invalid value: "${version}": apiVersion must specify API group`;
  assert.deepEqual(wrong(target("v1")), [group("v1")]);
  assert.deepEqual(wrong(target("a/b/c")), [
    'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  ]);
  assert.deepEqual(wrong(target("v1", "ReplicationController")), []);
  assert.deepEqual(wrongUpdate(target("v1"), target("v1")), []);
  assert.deepEqual(wrongUpdate(target("v1"), target("apps/v1")), [group("v1")]);
  const described = (apiVersion: string) => ({
    metrics: [
      {
        type: "Object",
        object: {
          describedObject: { apiVersion, kind: "Service", name: "web" },
          metric: { name: "hits" },
          target: { type: "Value", value: "1" },
        },
      },
    ],
  });
  assert.deepEqual(wrong(described("v1")), []);
  assert.equal(wrong(described("a/b/c")).length, 1);
  assert.deepEqual(wrongUpdate(described("a/b/c"), described("a/b/c")), []);
});

test("a metric of a container names a resource of containers and a container as it may be called", () => {
  const container = (name: string, of: string) => ({
    metrics: [
      {
        type: "ContainerResource",
        containerResource: { name, container: of, target: { type: "Utilization", averageUtilization: 50 } },
      },
    ],
  });
  assert.deepEqual(wrong(container("cpu", "web")), []);
  const [resource, label] = wrong(container("pods", "Web"));
  assert.equal(
    resource,
    'spec.metrics[0].containerResource.name: Invalid value: "pods": must be a standard resource for containers',
  );
  assert.match(
    label ?? "",
    /^spec\.metrics\[0\]\.containerResource\.container: Invalid value: "Web": a lowercase RFC 1123 label/,
  );
  assert.deepEqual(wrong(container("", "")), [
    "spec.metrics[0].containerResource.name: Required value: must specify a resource name",
    "spec.metrics[0].containerResource.container: Required value: must specify a container",
  ]);
});

test("the columns show the target, at most two metrics in words, and the replicas", () => {
  const object = { ...autoscaler({}), status: { currentReplicas: 2, desiredReplicas: 2 } };
  const cells = horizontalPodAutoscalers.columns?.map(({ cell }) => cell(object, NOW));
  assert.deepEqual(cells, ["Deployment/web", "cpu: <unknown>/80%", "1", 5, 2, "60m"]);
  const pods: V2MetricSpec = {
    type: "Pods",
    pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "10" } },
  };
  const current = [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12 } } }];
  assert.equal(formatMetrics([CPU, pods, pods, pods], current), "cpu: 12%/80%, <unknown>/10 + 2 more...");
  assert.equal(formatMetrics([], []), "<none>");
});

test("an object with every type of metric survives the way to v1 and back", () => {
  const full = {
    ...autoscaler({
      metrics: [
        {
          type: "Pods",
          pods: {
            metric: { name: "m", selector: { matchLabels: { a: "b" } } },
            target: { type: "AverageValue", averageValue: "10" },
          },
        },
        {
          type: "Object",
          object: { describedObject: TARGET, metric: { name: "o" }, target: { type: "Value", value: "3" } },
        },
        { type: "External", external: { metric: { name: "e" }, target: { type: "AverageValue", averageValue: "1" } } },
        {
          type: "ContainerResource",
          containerResource: { name: "memory", container: "c", target: { type: "AverageValue", averageValue: "1Gi" } },
        },
        CPU,
      ],
      behavior: { scaleUp: { stabilizationWindowSeconds: 3 } },
    }),
    status: {
      currentReplicas: 1,
      desiredReplicas: 2,
      currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 7 } } }],
      conditions: [{ type: "AbleToScale", status: "True" }],
    },
  };
  const v1 = toV1(structuredClone(full) as unknown as AnyDraft) as unknown as {
    readonly apiVersion: string;
    readonly spec: object;
    readonly status: object;
    readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  };
  assert.equal(v1.apiVersion, "autoscaling/v1");
  assert.deepEqual(v1.spec, {
    scaleTargetRef: TARGET,
    minReplicas: 1,
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 80,
  });
  assert.deepEqual(v1.status, { currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 7 });
  assert.deepEqual(Object.keys(v1.metadata.annotations).toSorted(), [
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/metrics",
  ]);
  assert.deepEqual(fromV1(v1 as unknown as AnyDraft), full);
});

test("an autoscaler written as v1 targets 80 % of CPU unless it names another percentage", () => {
  const v1 = (more: object) =>
    fromV1({
      apiVersion: "autoscaling/v1",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web" },
      spec: { scaleTargetRef: TARGET, maxReplicas: 5, ...more },
    } as unknown as AnyDraft) as unknown as V2HorizontalPodAutoscaler;
  assert.deepEqual(v1({}).spec?.metrics, [CPU]);
  assert.equal(v1({ targetCPUUtilizationPercentage: 50 }).spec?.metrics?.[0]?.resource?.target.averageUtilization, 50);
});
