import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodDisruptionBudget } from "#objects";
import { planBudget } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

function pod(name: string, ready = true, more: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...more },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

function budget(
  spec: { minAvailable?: number | string; maxUnavailable?: number | string },
  disruptedPods = {},
): PodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "b", generation: 2 },
    spec,
    status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0, disruptedPods },
  };
}

function plan(of: PodDisruptionBudget, pods: Pod[], scale: number | "none" = pods.length, owned = true) {
  return planBudget(
    {
      budget: of,
      pods,
      scales: new Map([["u", scale === "none" ? undefined : scale]]),
      controllerUid: () => (owned ? "u" : undefined),
    },
    NOW,
  );
}

const three = [pod("a"), pod("b"), pod("c", false)];

for (const [spec, scale, expected] of [
  [{ minAvailable: 1 }, 3, { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 3 }],
  [{ minAvailable: 2 }, 3, { currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0, expectedPods: 3 }],
  [{ minAvailable: "30%" }, 5, { currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0, expectedPods: 5 }],
  [{ maxUnavailable: 2 }, 3, { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 3 }],
  [{ maxUnavailable: "50%" }, 3, { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 3 }],
  [{ maxUnavailable: 0 }, 3, { currentHealthy: 2, desiredHealthy: 3, disruptionsAllowed: 0, expectedPods: 3 }],
] as const) {
  test(`${JSON.stringify(spec)} of ${scale}`, () => {
    const { status } = plan(budget(spec), three, scale);
    const { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods } = status;
    assert.deepEqual({ currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods }, expected);
    assert.equal(status.observedGeneration, 2);
    const allowed = status.conditions?.find(({ type }) => type === "DisruptionAllowed");
    assert.equal(allowed?.reason, expected.disruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods");
  });
}

test("an eviction that is under way counts as gone, until it is seen or took too long", () => {
  const recent = { a: "2026-01-01T00:09:00Z" };
  const pending = plan(budget({ minAvailable: 0 }, recent), three);
  assert.equal(pending.status.currentHealthy, 1);
  assert.deepEqual(pending.status.disruptedPods, recent);
  assert.equal(pending.requeueAt, Date.parse("2026-01-01T00:11:00Z"));
  const forgotten = plan(budget({ minAvailable: 0 }, { a: "2026-01-01T00:07:59Z" }), three);
  assert.equal(forgotten.status.currentHealthy, 2);
  assert.equal(forgotten.status.disruptedPods, undefined);
  const seen = plan(budget({ minAvailable: 0 }, recent), [
    pod("a", true, { deletionTimestamp: "2026-01-01T00:09:30Z" }),
  ]);
  assert.equal(seen.status.disruptedPods, undefined);
  assert.equal(seen.status.currentHealthy, 0);
});

test("pods that have ended are not counted", () => {
  const ended = { ...pod("d"), status: { phase: "Succeeded" } };
  assert.equal(plan(budget({ minAvailable: 1 }), [...three, ended]).status.expectedPods, 3);
});

test("percentages need controllers with a scale", () => {
  const { status, problem } = plan(budget({ maxUnavailable: "10%" }), three, "none");
  assert.match(problem ?? "", /found no controllers with a scale for pod "a"/);
  assert.equal(status.disruptionsAllowed, 0);
  assert.equal(status.conditions?.[0]?.reason, "SyncFailed");
  assert.equal(
    plan(budget({ maxUnavailable: "10%" }), three, 0, false).status.expectedPods,
    0,
    "bare pods do not count",
  );
});
