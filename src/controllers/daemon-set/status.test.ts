import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { DaemonSetStatus } from "#objects";
import { planStatus } from "./status.ts";
import { daemon, daemonSet, node, nodes, NOW, view } from "./testing/objects.ts";

test("the status counts nodes, by the best pod on each", () => {
  const plan = planStatus(
    view({
      set: daemonSet({ minReadySeconds: 60 }),
      nodes: [...nodes(5), node("out", { taints: [{ key: "k", effect: "NoSchedule" }] })],
      pods: [
        daemon("a", "n1"),
        daemon("b1", "n2", { old: true, born: 1 }),
        daemon("b2", "n2", { born: 2, ready: undefined }),
        daemon("c", "n3", { ready: 40 }),
        daemon("d", "n4", { phase: "Failed", leaving: true }),
        daemon("e", "out"),
        daemon("f", "gone"),
      ],
    }),
    undefined,
    NOW,
  );
  assert.deepEqual(plan.steps, [
    {
      type: "update-status",
      status: {
        currentNumberScheduled: 3,
        numberMisscheduled: 1,
        desiredNumberScheduled: 5,
        numberReady: 3,
        observedGeneration: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 2,
        numberUnavailable: 3,
      } satisfies DaemonSetStatus,
    },
  ]);
  assert.equal(plan.requeueAt, NOW + 20_000, "when c is available");
});

test("a status that is right is not written, and conditions of others and collisions are kept", () => {
  const right: DaemonSetStatus = {
    currentNumberScheduled: 1,
    numberMisscheduled: 0,
    desiredNumberScheduled: 1,
    numberReady: 1,
    observedGeneration: 2,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    conditions: [{ type: "Mine", status: "True" }],
  };
  const set = { ...daemonSet(), status: right };
  const one = view({ set, nodes: nodes(1), pods: [daemon("a", "n1")] });
  assert.deepEqual(planStatus(one, undefined, NOW).steps, []);
  assert.deepEqual(planStatus(one, 1, NOW).steps, [{ type: "update-status", status: { ...right, collisionCount: 1 } }]);
  const { numberAvailable: _available, ...less } = right;
  assert.deepEqual(planStatus({ ...one, pods: [daemon("a", "n1", { ready: undefined })] }, undefined, NOW).steps, [
    { type: "update-status", status: { ...less, numberReady: 0, numberUnavailable: 1 } },
  ]);
});
