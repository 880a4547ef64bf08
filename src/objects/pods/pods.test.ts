import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodCondition, PodSpec } from "../generated/types.ts";
import {
  availableInMs,
  hostPorts,
  hostPortsConflict,
  isPodActive,
  isPodAvailable,
  isPodReady,
  podLimits,
  podRequests,
  qosClass,
  withCondition,
} from "./index.ts";

const NOW = Date.UTC(2026, 0, 1);

const pod = (spec: PodSpec, status: Pod["status"] = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", namespace: "default" },
  spec,
  status,
});
const container = (name: string, requests: Record<string, string>, more: Partial<Container> = {}): Container => ({
  name,
  resources: { requests },
  ...more,
});

test("requests: containers add up, init containers count by their peak, sidecars beside both", () => {
  const spec: PodSpec = {
    initContainers: [
      container("first", { cpu: "2", memory: "1Gi" }),
      container("proxy", { cpu: "100m", memory: "64Mi" }, { restartPolicy: "Always" }),
      container("second", { cpu: "300m", memory: "2Gi" }),
    ],
    containers: [container("a", { cpu: "500m", memory: "128Mi" }), container("b", { cpu: "1", memory: "128Mi" })],
    overhead: { cpu: "10m" },
  };
  assert.deepEqual(podRequests(pod(spec)), { cpu: 2010, memory: 2 * 2 ** 30 + 64 * 2 ** 20 });
});

test("requests: pod-level ones take the place of the sums", () => {
  const spec: PodSpec = {
    containers: [container("a", { cpu: "500m", "example.com/gpu": "2" })],
    resources: { requests: { cpu: "2", memory: "1Gi" } },
  };
  assert.deepEqual(podRequests(pod(spec)), { cpu: 2000, memory: 2 ** 30, "example.com/gpu": 2 });
});

test("requests: during a resize the larger of desired and granted counts, unless it is infeasible", () => {
  const spec: PodSpec = { containers: [container("a", { cpu: "2" })] };
  const containerStatuses = [
    { name: "a", image: "i", imageID: "", ready: true, restartCount: 0, resources: { requests: { cpu: "1" } } },
  ];
  assert.deepEqual(podRequests(pod(spec, { containerStatuses })), { cpu: 2000 });
  const conditions = [{ type: "PodResizePending", status: "True", reason: "Infeasible" }];
  assert.deepEqual(podRequests(pod(spec, { containerStatuses, conditions })), { cpu: 1000 });
});

test("limits: overhead adds only to limits that are set", () => {
  const spec: PodSpec = {
    containers: [{ name: "a", resources: { limits: { cpu: "1" } } }],
    overhead: { cpu: "100m", memory: "10Mi" },
  };
  assert.deepEqual(podLimits(pod(spec)), { cpu: 1100 });
});

test("a pod's QoS class follows from the requests and limits of its containers", () => {
  const both = { cpu: "1", memory: "1Gi" };
  const cases: readonly (readonly [string, PodSpec])[] = [
    ["BestEffort", { containers: [{ name: "a" }] }],
    ["BestEffort", { containers: [container("a", { cpu: "0", "example.com/gpu": "1" })] }],
    ["Burstable", { containers: [container("a", both)] }],
    [
      "Guaranteed",
      { containers: [{ name: "a", resources: { requests: both, limits: { cpu: "1000m", memory: "1024Mi" } } }] },
    ],
    ["Burstable", { containers: [{ name: "a", resources: { requests: both, limits: both } }, { name: "b" }] }],
    [
      "Burstable",
      { containers: [{ name: "a", resources: { requests: both, limits: both } }], initContainers: [{ name: "i" }] },
    ],
    ["Guaranteed", { containers: [{ name: "a" }], resources: { requests: both, limits: both } }],
  ];
  for (const [expected, spec] of cases) assert.equal(qosClass(spec), expected, JSON.stringify(spec));
});

test("a pod is ready by its condition, available after minReadySeconds, and active until it ends or is deleted", () => {
  const since = new Date(NOW - 5000).toISOString();
  const ready = pod({ containers: [] }, { conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }] });
  assert.equal(isPodReady(ready), true);
  assert.equal(isPodAvailable(ready, 5, NOW), true);
  assert.equal(isPodAvailable(ready, 6, NOW), false);
  assert.equal(availableInMs(ready, 6, NOW), 1000);
  assert.equal(isPodAvailable(pod({ containers: [] }), 0, NOW), false);
  assert.equal(isPodActive(ready), true);
  assert.equal(isPodActive(pod({ containers: [] }, { phase: "Failed" })), false);
  assert.equal(isPodActive({ ...ready, metadata: { deletionTimestamp: since } }), false);
});

test("a condition keeps its transition time while its status stays", () => {
  const old: readonly PodCondition[] = [{ type: "Ready", status: "True", lastTransitionTime: "t1" }];
  const same = withCondition(old, { type: "Ready", status: "True", reason: "X", lastTransitionTime: "t2" });
  assert.deepEqual(same, [{ type: "Ready", status: "True", reason: "X", lastTransitionTime: "t1" }]);
  const changed = withCondition(old, { type: "Ready", status: "False", lastTransitionTime: "t2" });
  assert.deepEqual(changed, [{ type: "Ready", status: "False", lastTransitionTime: "t2" }]);
  assert.equal(withCondition(undefined, old[0]!).length, 1);
});

test("a pod's host ports include those of side-cars, and conflict by port, protocol and address", () => {
  const ports = hostPorts(
    pod({
      containers: [{ name: "a", ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] }],
      initContainers: [
        { name: "i", ports: [{ containerPort: 1, hostPort: 1 }] },
        {
          name: "s",
          restartPolicy: "Always",
          ports: [{ containerPort: 53, hostPort: 53, protocol: "UDP", hostIP: "10.0.0.1" }],
        },
      ],
    }),
  );
  assert.deepEqual(ports, [
    { hostIP: "10.0.0.1", protocol: "UDP", port: 53 },
    { hostIP: "0.0.0.0", protocol: "TCP", port: 8080 },
  ]);
  const at = (hostIP: string) => ({ hostIP, protocol: "TCP", port: 80 });
  assert.equal(hostPortsConflict(at("1.1.1.1"), at("2.2.2.2")), false);
  assert.equal(hostPortsConflict(at("0.0.0.0"), at("2.2.2.2")), true);
});
