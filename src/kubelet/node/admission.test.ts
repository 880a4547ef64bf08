import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Node, PodSpec } from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { createUsageCounter, refusalOf } from "./admission.ts";

const node: Node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", labels: { disk: "fast", "kubernetes.io/os": "linux" } },
  spec: {
    taints: [
      { key: "broken", effect: "NoExecute" },
      { key: "busy", effect: "NoSchedule" },
    ],
  },
  status: {
    allocatable: { cpu: "4", memory: "1Gi", "ephemeral-storage": "1Gi", pods: "3", "example.com/gpu": "1" },
    nodeInfo: { operatingSystem: "linux" } as NonNullable<Node["status"]>["nodeInfo"] & object,
  },
};
const tolerations = [{ key: "broken", operator: "Exists" }];
const asks = (requests: Record<string, string>) => ({ containers: [container("a", { resources: { requests } })] });
const port = (hostPort: number, more: { protocol?: string; hostIP?: string } = {}) => ({
  containers: [container("a", { ports: [{ containerPort: 80, hostPort, ...more }] })],
});
const sysctls = (name: string) => ({ ...asks({}), securityContext: { sysctls: [{ name, value: "1" }] } });
const affinity = (key: string, operator: string, values?: string[]) => ({
  ...asks({}),
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] }],
      },
    },
  },
});

const counter = createUsageCounter();
counter.add(podOf({ ...asks({ cpu: "3", memory: "512Mi" }) }, { uid: "x" }));
counter.add(podOf(port(8080), { uid: "y" }));

describe("a pod's admission to a node with 3 CPUs, 512 Mi and port 8080 taken", () => {
  const cases: readonly (readonly [
    what: string,
    spec: Partial<PodSpec> & Pick<PodSpec, "containers">,
    reason: string | undefined,
  ])[] = [
    ["what fits", asks({ cpu: "1", memory: "512Mi" }), undefined],
    ["too much CPU", asks({ cpu: "1001m" }), "OutOfcpu"],
    ["too much memory", asks({ memory: "513Mi" }), "OutOfmemory"],
    ["too much disk", asks({ "ephemeral-storage": "2Gi" }), "OutOfephemeral-storage"],
    ["a device", asks({ "example.com/gpu": "1" }), undefined],
    ["more devices than there are", asks({ "example.com/gpu": "2" }), "OutOfexample.com/gpu"],
    ["a device that the node does not know", asks({ "example.com/tpu": "2" }), undefined],
    ["a label it has", { ...asks({}), nodeSelector: { disk: "fast" } }, undefined],
    ["a label it has not", { ...asks({}), nodeSelector: { disk: "slow" } }, "NodeAffinity"],
    ["an affinity it meets", affinity("disk", "In", ["fast", "slow"]), undefined],
    ["an affinity it does not meet", affinity("disk", "DoesNotExist"), "NodeAffinity"],
    ["a free port", port(8081), undefined],
    ["a port that is taken", port(8080), "NodePorts"],
    ["the same with another protocol", port(8080, { protocol: "UDP" }), undefined],
    ["the same on one address", port(8080, { hostIP: "10.0.0.1" }), "NodePorts"],
    ["a kernel setting that is the pod's own", sysctls("net.ipv4.tcp_syncookies"), undefined],
    ["the same with slashes", sysctls("net/ipv4/tcp_syncookies"), undefined],
    ["the same of the node's network", { ...sysctls("net.ipv4.tcp_syncookies"), hostNetwork: true }, "SysctlForbidden"],
    ["the same of the node's IPC", { ...sysctls("net.ipv4.tcp_syncookies"), hostIPC: true }, undefined],
    ["a setting of the node's IPC", { ...sysctls("kernel.shm_rmid_forced"), hostIPC: true }, "SysctlForbidden"],
    ["another system", { ...asks({}), os: { name: "windows" } }, "PodOSNotSupported"],
  ];
  for (const [what, spec, reason] of cases) {
    test(`is decided as upstream decides it: ${what}`, () =>
      assert.equal(refusalOf(podOf({ tolerations, ...spec }), node, counter.usage)?.reason, reason));
  }

  test("refuses a pod that does not tolerate a NoExecute taint", () => {
    assert.deepEqual(refusalOf(podOf(asks({})), node, counter.usage), {
      reason: "TaintToleration",
      message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    });
  });

  test("refuses strict supplemental groups, where the runtime does not know them", () => {
    const of = (supplementalGroupsPolicy: string) =>
      podOf({ tolerations, ...asks({}), securityContext: { supplementalGroupsPolicy } });
    assert.deepEqual(refusalOf(of("Strict"), node, counter.usage), {
      reason: "SupplementalGroupsPolicyNotSupported",
      message: "SupplementalGroupsPolicy=Strict is not supported in this node",
    });
    assert.equal(refusalOf(of("Merge"), node, counter.usage), undefined);
    const able = { ...node, status: { ...node.status, features: { supplementalGroupsPolicy: true } } };
    assert.equal(refusalOf(of("Strict"), able, counter.usage), undefined);
  });

  test("refuses a kernel setting that other pods would feel", () => {
    const refusal = refusalOf(podOf({ tolerations, ...sysctls("kernel/msgmax") }), node, counter.usage);
    assert.deepEqual(refusal, {
      reason: "SysctlForbidden",
      message: 'forbidden sysctl: "kernel.msgmax" not allowlisted',
    });
  });

  test("refuses a pod when there are as many as the node takes", () => {
    const full = createUsageCounter();
    for (const uid of ["1", "2", "3"]) full.add(podOf(asks({}), { uid }));
    full.add(podOf(asks({}), { uid: "3" }));
    const pod = podOf({ tolerations, ...asks({}) });
    assert.deepEqual(refusalOf(pod, node, full.usage), {
      reason: "OutOfpods",
      message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    });
    full.remove("2");
    full.remove("2");
    assert.equal(refusalOf(pod, node, full.usage), undefined);
  });
});

test("resources that a pod gives back are free again", () => {
  const usage = createUsageCounter();
  usage.add(podOf(asks({ cpu: "3", memory: "1Gi" }), { uid: "a" }));
  usage.add(podOf(asks({ cpu: "1" }), { uid: "b" }));
  usage.remove("a");
  assert.deepEqual({ ...usage.usage.requested }, { cpu: 1000, memory: 0 });
  assert.equal(usage.usage.pods, 1);
});
