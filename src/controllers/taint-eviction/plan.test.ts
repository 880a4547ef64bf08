import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, Taint, Toleration } from "#objects";
import { planEviction } from "./plan.ts";

const START = 1_000_000;
/** Added long ago: that says nothing about when a pod must leave. */
const taint = (key: string): Taint => ({ key, effect: "NoExecute", timeAdded: "2020-01-01T00:00:00Z" });
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

/** `stays`, `goes` or in how many seconds it must go. */
function verdict(subject: Pod, on: Node | undefined, due?: number) {
  const { steps } = planEviction({ pod: subject, node: on, due }, START);
  const last = steps.at(-1);
  if (last?.type === "schedule") return (last.due - START) / 1000;
  return last?.type === "evict" ? "goes" : "stays";
}

for (const [what, subject, on, expected] of [
  ["a pod on a node without taints stays", pod(), node(), "stays"],
  ["NoSchedule drives no pod away", pod(), node({ key: "a", effect: "NoSchedule" }), "stays"],
  ["a pod that tolerates nothing goes at once", pod(), node(taint("a")), "goes"],
  ["a pod that tolerates a taint for ever stays", pod(exists("a")), node(taint("a")), "stays"],
  ["a pod that tolerates a taint for a while goes later", pod(exists("a", 300)), node(taint("a")), 300],
  ["the shortest time counts", pod(exists("a", 300), exists("b", 60)), node(taint("a"), taint("b")), 60],
  ["one of two taints tolerated is not enough", pod(exists("a")), node(taint("a"), taint("b")), "goes"],
  ["negative seconds are none", pod(exists("a", -5)), node(taint("a")), "goes"],
  ["nothing is planned while the node is unknown", pod(), undefined, "stays"],
] as const) {
  test(what, () => assert.equal(verdict(subject, on), expected));
}

test("a pod on a node that has been away for long has its whole time", () => {
  assert.deepEqual(planEviction({ pod: pod(exists("a", 300)), node: node(taint("a")), due: undefined }, START), {
    steps: [{ type: "schedule", due: START + 300_000 }],
    requeueAt: START + 300_000,
    because: "it tolerates the taints for 300 s",
  });
});

test("what is scheduled is kept until its time, and then the pod goes", () => {
  const subject = pod(exists("a", 300), exists("b", 10));
  const both = node(taint("a"), taint("b"));
  assert.deepEqual(planEviction({ pod: subject, node: both, due: START + 200_000 }, START).requeueAt, START + 200_000);
  assert.equal(verdict(subject, both, START), "goes");
  assert.equal(verdict(subject, undefined, START), "goes", "also when the node is gone");
});

test("it is cancelled when the taints go, are tolerated for ever, or the pod is gone", () => {
  const due = START + 1000;
  for (const view of [
    { pod: pod(exists("a", 1)), node: node() },
    { pod: pod(exists("a")), node: node(taint("a")) },
    { pod: undefined, node: undefined },
  ]) {
    assert.deepEqual(planEviction({ ...view, due }, START).steps, [{ type: "cancel" }]);
    assert.deepEqual(planEviction({ ...view, due: undefined }, START).steps, []);
  }
});

test("a pod that is being deleted is left alone", () => {
  const going = { ...pod(), metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.equal(verdict(going, node(taint("a"))), "stays");
});
