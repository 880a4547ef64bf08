import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease, Node, Taint } from "#objects";
import { GRACE_PERIOD_MS, observeHeartbeat, silentConditions } from "./health.ts";
import { wantedTaints } from "./taints.ts";

const NOW = "2026-01-01T00:00:00Z";

function node(
  ready: string | undefined,
  more: { taints?: Taint[]; unschedulable?: boolean; pressure?: boolean } = {},
): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n", creationTimestamp: NOW },
    spec: {
      ...(more.taints ? { taints: more.taints } : {}),
      ...(more.unschedulable ? { unschedulable: true } : {}),
    },
    status: {
      conditions: [
        ...(ready ? [{ type: "Ready", status: ready, reason: "KubeletReady" }] : []),
        ...(more.pressure ? [{ type: "DiskPressure", status: "True" }] : []),
      ],
    },
  };
}

const lease = (renewTime: string): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "n" },
  spec: { renewTime },
});

test("a node is silent once neither its lease nor its status changed for the grace period", () => {
  const first = observeHeartbeat(undefined, node("True"), lease("a"), 0);
  assert.equal(observeHeartbeat(first, node("True"), lease("a"), 30_000), first);
  assert.equal(silentConditions(node("True"), first, GRACE_PERIOD_MS, NOW), undefined);

  const conditions = silentConditions(node("True"), first, GRACE_PERIOD_MS + 1, NOW)!;
  assert.deepEqual(
    conditions.map(({ type, status, reason }) => [type, status, reason]),
    [
      ["Ready", "Unknown", "NodeStatusUnknown"],
      ["MemoryPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["DiskPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["PIDPressure", "Unknown", "NodeStatusNeverUpdated"],
    ],
  );
  const silent = { ...node("True"), status: { conditions } };
  assert.equal(silentConditions(silent, first, 2 * GRACE_PERIOD_MS, NOW), undefined, "said once");

  const renewed = observeHeartbeat(first, node("True"), lease("b"), GRACE_PERIOD_MS + 1);
  assert.equal(silentConditions(node("True"), renewed, GRACE_PERIOD_MS + 2, NOW), undefined);
});

const keys = (taints: readonly Taint[] | undefined) => taints?.map(({ key, effect }) => `${key}:${effect}`);

test("taints follow the conditions and leave those of others alone", () => {
  const theirs = { key: "gpu", value: "yes", effect: "NoSchedule" };
  assert.equal(wantedTaints(node("True", { taints: [theirs] }), NOW), undefined);
  assert.deepEqual(keys(wantedTaints(node("Unknown", { taints: [theirs] }), NOW)), [
    "gpu:NoSchedule",
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
  const unreachable = wantedTaints(node("Unknown"), NOW)!;
  assert.equal(wantedTaints(node("Unknown", { taints: unreachable }), NOW), undefined);
  assert.deepEqual(keys(wantedTaints(node("True", { taints: unreachable }), NOW)), []);
  assert.deepEqual(keys(wantedTaints(node("False", { taints: unreachable }), NOW)), [
    "node.kubernetes.io/not-ready:NoSchedule",
    "node.kubernetes.io/not-ready:NoExecute",
  ]);
});

test("cordoning and pressure taint too", () => {
  assert.deepEqual(keys(wantedTaints(node("True", { unschedulable: true, pressure: true }), NOW)), [
    "node.kubernetes.io/disk-pressure:NoSchedule",
    "node.kubernetes.io/unschedulable:NoSchedule",
  ]);
});

test("a node that never said anything keeps the taint it was admitted with", () => {
  const admitted = [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
  assert.equal(wantedTaints(node(undefined, { taints: admitted }), NOW), undefined);
});
