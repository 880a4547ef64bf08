import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodCondition } from "#objects";
import { conditionOf } from "./pod-condition.ts";

const pod = (generation?: number, ...conditions: PodCondition[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: generation === undefined ? {} : { generation },
  status: { conditions },
});
const wanted = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC" };
const then = "1970-01-01T00:00:00Z";

test("a condition that a controller sets names the generation of the pod that it is about", () => {
  assert.deepEqual(conditionOf(pod(7), wanted, 60_000), {
    ...wanted,
    lastTransitionTime: "1970-01-01T00:01:00Z",
    observedGeneration: 7,
  });
  assert.equal("observedGeneration" in conditionOf(pod(), wanted, 0), false);
});

test("a condition keeps its time while its status stays, and gets a new one when that turns", () => {
  const before = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    lastTransitionTime: then,
  };
  assert.equal(conditionOf(pod(1, before), wanted, 60_000).lastTransitionTime, then);
  const turned = conditionOf(pod(1, { ...before, status: "False" }), wanted, 60_000);
  assert.equal(turned.lastTransitionTime, "1970-01-01T00:01:00Z");
});
