import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Pod } from "#objects";
import { inDeletionOrder } from "./pod-ranking.ts";

const NOW = Date.UTC(2026, 0, 2);
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

interface Shape {
  readonly node?: string;
  readonly phase?: string;
  readonly readyFor?: number;
  readonly age?: number;
  readonly restarts?: number;
  readonly cost?: string;
}

function pod(name: string, { node = "n1", phase = "Running", readyFor, age = 1000, restarts = 0, cost }: Shape): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      creationTimestamp: ago(age),
      ...(cost ? { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } } : {}),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: {
      phase,
      conditions: readyFor === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ name: "c", image: "", imageID: "", ready: true, restartCount: restarts }],
    },
  };
}

/** Each case: what is deleted before what, and why. */
const cases: readonly [string, Pod, Pod][] = [
  ["unassigned before assigned", pod("a", { node: "", phase: "Pending" }), pod("b", { phase: "Pending" })],
  ["pending before running", pod("a", { phase: "Pending" }), pod("b", {})],
  ["unknown before running", pod("a", { phase: "Unknown" }), pod("b", {})],
  ["pending before unknown", pod("a", { phase: "Pending" }), pod("b", { phase: "Unknown" })],
  ["not ready before ready", pod("a", {}), pod("b", { readyFor: 5 })],
  ["cheap before dear", pod("a", { readyFor: 5, cost: "-10" }), pod("b", { readyFor: 5 })],
  ["an unreadable cost counts as none", pod("a", { readyFor: 5, cost: "-1" }), pod("b", { readyFor: 5, cost: "-007" })],
  ["ready for a shorter time first", pod("a", { readyFor: 5 }), pod("b", { readyFor: 500 })],
  ["restarted more often first", pod("a", { readyFor: 5, restarts: 3 }), pod("b", { readyFor: 5 })],
  ["younger before older", pod("a", { readyFor: 5, age: 10 }), pod("b", { readyFor: 5, age: 1000 })],
];

for (const [why, first, second] of cases) {
  test(`pods are deleted in upstream's order: ${why}`, () => {
    const names = inDeletionOrder([second, first], [], NOW).map(({ metadata }) => metadata.name);
    assert.deepEqual(names, ["a", "b"]);
  });
}

test("with minReadySeconds, pods that are not available yet go before available ones, whatever their cost", () => {
  const pods = [pod("available", { readyFor: 60, cost: "-10" }), pod("not yet", { readyFor: 5 })];
  assert.deepEqual(
    inDeletionOrder(pods, [], NOW, 30).map(({ metadata }) => metadata.name),
    ["not yet", "available"],
  );
});

test("pods doubled up on a node go before those that are alone on theirs", () => {
  const pods = [
    pod("alone", { node: "n1", readyFor: 5 }),
    pod("x", { node: "n2", readyFor: 5 }),
    pod("y", { node: "n2", readyFor: 5 }),
  ];
  assert.deepEqual(
    inDeletionOrder(pods, pods, NOW).map(({ metadata }) => metadata.name),
    ["x", "y", "alone"],
  );
});

test("readiness of the same order of magnitude does not decide", () => {
  const pods = [pod("a", { readyFor: 1000, restarts: 1 }), pod("b", { readyFor: 900 })];
  assert.deepEqual(
    inDeletionOrder(pods, [], NOW).map(({ metadata }) => metadata.name),
    ["a", "b"],
  );
});
