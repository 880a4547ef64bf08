import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, Taint, Toleration } from "#objects";
import { planEviction } from "./plan.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const taint = (key: string, addedAfterS = 0): Taint => ({
  key,
  effect: "NoExecute",
  timeAdded: new Date(START + addedAfterS * 1000).toISOString(),
});
const node = (...taints: Taint[]): Node => ({ apiVersion: "v1", kind: "Node", metadata: {}, spec: { taints } });
const pod = (...tolerations: Toleration[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {},
  spec: { containers: [], tolerations },
});

const exists = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

for (const [what, subject, on, seconds] of [
  ["no taints", pod(), node(), undefined],
  ["NoSchedule drives nobody away", pod(), node({ key: "a", effect: "NoSchedule" }), undefined],
  ["nothing tolerated", pod(), node(taint("a")), 1],
  ["tolerated for ever", pod(exists("a")), node(taint("a")), undefined],
  ["tolerated for a while", pod(exists("a", 300)), node(taint("a")), 300],
  ["the shortest counts", pod(exists("a", 300), exists("b", 60)), node(taint("a"), taint("b")), 60],
  ["one of two tolerated", pod(exists("a")), node(taint("a"), taint("b")), 1],
  ["negative seconds are none", pod(exists("a", -5)), node(taint("a")), 0],
] as const) {
  test(what, () => {
    const now = START + 1000;
    const eviction = planEviction(subject, on, now);
    assert.equal(eviction && (eviction.at - START) / 1000, seconds);
  });
}

test("a pod that goes already is left alone", () => {
  const going = { ...pod(), metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.equal(planEviction(going, node(taint("a")), START), undefined);
});
