import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease, Node, Taint } from "#objects";
import { GRACE_PERIOD_MS, observeHeartbeat, silentConditions } from "./health.ts";
import { noExecuteTaints, noScheduleTaints } from "./taints.ts";

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

test("the taints that keep new pods away follow the conditions and leave those of others alone", () => {
  const theirs = { key: "gpu", value: "yes", effect: "NoSchedule" };
  assert.equal(noScheduleTaints(node("True", { taints: [theirs] }), NOW), undefined);
  assert.deepEqual(keys(noScheduleTaints(node("Unknown", { taints: [theirs] }), NOW)), [
    "gpu:NoSchedule",
    "node.kubernetes.io/unreachable:NoSchedule",
  ]);
  const unreachable = noScheduleTaints(node("Unknown"), NOW)!;
  assert.equal(noScheduleTaints(node("Unknown", { taints: unreachable }), NOW), undefined);
  assert.deepEqual(keys(noScheduleTaints(node("True", { taints: unreachable }), NOW)), []);
  assert.deepEqual(keys(noScheduleTaints(node("False", { taints: unreachable }), NOW)), [
    "node.kubernetes.io/not-ready:NoSchedule",
  ]);
});

test("of the taints that drive pods away one is there at most, and those of others stay", () => {
  const theirs = { key: "node.kubernetes.io/unreachable", effect: "NoSchedule" };
  const unreachable = noExecuteTaints(node("Unknown", { taints: [theirs] }), theirs.key, NOW)!;
  assert.deepEqual(keys(unreachable), [
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
  const subject = node("False", { taints: unreachable });
  assert.equal(noExecuteTaints(subject, theirs.key, NOW), undefined);
  assert.deepEqual(keys(noExecuteTaints(subject, "node.kubernetes.io/not-ready", NOW)), [
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/not-ready:NoExecute",
  ]);
  assert.deepEqual(noExecuteTaints(subject, undefined, NOW), [theirs]);
});

test("cordoning and pressure taint too", () => {
  assert.deepEqual(keys(noScheduleTaints(node("True", { unschedulable: true, pressure: true }), NOW)), [
    "node.kubernetes.io/disk-pressure:NoSchedule",
    "node.kubernetes.io/unschedulable:NoSchedule",
  ]);
});

test("a node that never said anything keeps the taint it was admitted with, and has ten seconds more to speak", () => {
  const admitted = [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
  const mute = node(undefined, { taints: admitted });
  assert.equal(noScheduleTaints(mute, NOW), undefined);
  const first = observeHeartbeat(undefined, mute, undefined, 0);
  assert.equal(silentConditions(mute, first, 60_000, NOW), undefined);
  assert.equal(silentConditions(mute, first, 60_001, NOW)?.[0]?.status, "Unknown");
});
