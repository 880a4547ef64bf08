import assert from "node:assert/strict";
import { test } from "node:test";
import { planDisruption, zoneMode, zoneOf, type ZoneCount, type ZoneMode } from "./zones.ts";

const node = (labels: Record<string, string>) => ({ apiVersion: "v1", kind: "Node", metadata: { labels } });

test("a zone is a region and a zone, by the labels of today or of old", () => {
  assert.equal(zoneOf(node({})), "");
  const today = node({ "topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": "z" });
  assert.equal(zoneOf(today), "r:\0:z");
  assert.equal(zoneOf(node({ "failure-domain.beta.kubernetes.io/zone": "z" })), ":\0:z");
});

for (const [nodes, ready, mode] of [
  [1, 1, "normal"],
  [1, 0, "full"],
  [3, 1, "normal"],
  [5, 2, "partial"],
  [6, 3, "normal"],
  [100, 46, "normal"],
  [100, 45, "partial"],
  [100, 0, "full"],
] as const) {
  test(`a zone with ${ready} of ${nodes} nodes ready is ${mode}`, () => assert.equal(zoneMode({ nodes, ready }), mode));
}

const plan = (before: Record<string, ZoneMode>, now: Record<string, readonly [nodes: number, ready: number]>) => {
  const zones = Object.entries(now).map(([zone, [nodes, ready]]): [string, ZoneCount] => [zone, { nodes, ready }]);
  return planDisruption(new Map(Object.entries(before)), new Map(zones));
};

test("when the last node stops being ready, evictions stop and every node is spared", () => {
  assert.deepEqual(plan({ a: "normal", b: "full" }, { a: [2, 0], b: [1, 0] }), {
    steps: [
      { type: "spare-all" },
      { type: "enter", zone: "a", mode: "full", rate: 0 },
      { type: "enter", zone: "b", mode: "full", rate: 0 },
    ],
    because: "no node is ready any more",
  });
  assert.deepEqual(plan({ a: "full", b: "full" }, { a: [2, 0], b: [1, 0] }).steps, []);
});

test("when one node is ready again, all have their grace period once more and evictions go on", () => {
  assert.deepEqual(plan({ a: "full", b: "full" }, { a: [2, 1], b: [1, 0] }).steps, [
    { type: "renew-all" },
    { type: "enter", zone: "a", mode: "normal", rate: 0.1 },
    { type: "enter", zone: "b", mode: "full", rate: 0.1 },
  ]);
});

test("a disrupted zone is slow when it is large, and loses no pods when it is small", () => {
  assert.deepEqual(plan({ a: "normal", b: "normal", c: "normal" }, { a: [51, 10], b: [50, 10], c: [3, 3] }).steps, [
    { type: "enter", zone: "a", mode: "partial", rate: 0.01 },
    { type: "enter", zone: "b", mode: "partial", rate: 0 },
  ]);
});

test("a zone without nodes is forgotten, and one that is new begins", () => {
  assert.deepEqual(plan({ old: "normal" }, { new: [1, 1] }).steps, [
    { type: "forget", zone: "old" },
    { type: "enter", zone: "new", mode: "normal", rate: 0.1 },
  ]);
});
