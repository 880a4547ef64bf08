import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodDisruptionBudget } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planBudget, planPod, type PodView, type Scale } from "./plan.ts";

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
    metadata: { namespace: "shop", name: "b", generation: 2 },
    spec,
    status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0, disruptedPods },
  };
}

const scaleOf = (replicas: number): Scale => ({ uid: "u", replicas });

function plan(of: PodDisruptionBudget, pods: Pod[], scale: Scale | undefined = scaleOf(pods.length)) {
  const { steps, ...others } = planBudget({ budget: of, pods: pods.map((one) => ({ pod: one, scale })) }, NOW);
  const written = steps.find((step) => step.type === "status")?.status;
  const events = steps.flatMap((step) =>
    step.type === "event" ? [`${step.level} ${step.reason} ${step.message}`] : [],
  );
  return { ...others, status: written ?? of.status!, events };
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
  test(`three pods under ${JSON.stringify(spec)} of a scale of ${scale} have upstream's counts`, () => {
    const { status } = plan(budget(spec), three, scaleOf(scale));
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

test("an eviction that took too long is told of at its pod", () => {
  const { events } = plan(budget({ minAvailable: 0 }, { a: "2026-01-01T00:07:59Z" }), three);
  assert.deepEqual(events, ["Warning NotDeleted Pod was expected by PDB shop/shop to be deleted but it wasn't"]);
});

test("a budget without pods says so", () => {
  assert.deepEqual(plan(budget({ minAvailable: 1 }), []).events, ["Normal NoPods No matching pods found"]);
});

test("percentages need a scale: without one nothing may be disrupted, and all else stays as it was", () => {
  const problem = 'found no controllers for pod "a"';
  const before = budget({ maxUnavailable: "10%" });
  const { status, events } = plan({ ...before, status: { ...before.status!, expectedPods: 7 } }, three, { problem });
  assert.deepEqual(events, [
    `Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${problem}`,
  ]);
  assert.deepEqual([status.disruptionsAllowed, status.expectedPods], [0, 7]);
  const [condition] = status.conditions ?? [];
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ["False", "SyncFailed", problem]);
});

test("pods without a controller do not count for percentages, and an Event says what to do", () => {
  const selector = {
    matchLabels: { tier: "front", app: "web" },
    matchExpressions: [{ key: "env", operator: "In", values: ["a", "b"] }],
  };
  const before = budget({ maxUnavailable: "10%" });
  const pods = three.map((one) => ({ pod: one, scale: undefined }));
  const { steps } = planBudget({ budget: { ...before, spec: { ...before.spec, selector } }, pods }, NOW);
  const [event, write] = steps;
  assert.equal(write?.type === "status" && write.status.expectedPods, 0);
  assert.equal(
    event?.type === "event" && `${event.level} ${event.reason} ${event.message}`,
    'Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,tier: front,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:env,Operator:In,Values:[a b],},},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
  );
});

test("what is right already is not written", () => {
  const of = budget({ minAvailable: 1 });
  const { status } = plan(of, three);
  const pods = three.map((one) => ({ pod: one, scale: undefined }));
  assert.deepEqual(planBudget({ budget: { ...of, status }, pods }, NOW).steps, []);
});

test("a pod that was to be disrupted and is there two minutes later is spared, unless its kubelet ends it", () => {
  const target = (reason: string, at: string, more: Partial<Pod["metadata"]> = {}): Pod => ({
    ...pod("a", true, more),
    status: { conditions: [{ type: "DisruptionTarget", status: "True", reason, lastTransitionTime: at }] },
  });
  const planned = (subject: Pod) => planPod({ pod: subject, budgets: [] }, NOW);
  const spared = (subject: Pod) => planned(subject).steps.length > 0;
  assert.equal(spared(target("EvictionByEvictionAPI", "2026-01-01T00:08:00Z")), true);
  const recent = planned(target("EvictionByEvictionAPI", "2026-01-01T00:08:01Z"));
  assert.deepEqual([recent.steps, recent.requeueAt], [[], NOW + 1000]);
  assert.equal(spared(target("TerminationByKubelet", "2026-01-01T00:00:00Z")), false);
  const going = target("EvictionByEvictionAPI", "2026-01-01T00:00:00Z", { deletionTimestamp: "2026-01-01T00:09:00Z" });
  assert.equal(spared(going), false);
  assert.equal(spared(pod("a")), false);
});

const example = transcripts({
  plan: planPod,
  now: NOW,
  tell: (step) =>
    step.type === "warn"
      ? `warn ${step.reason}: ${step.message}`
      : `set ${step.conditions.map(({ type, status, reason = "", observedGeneration }) => `${type}=${status} (${reason}) of ${observedGeneration}`).join(", ")}`,
});

const disrupted: PodView["pod"] = {
  ...pod("web", true, { namespace: "shop", generation: 2 }),
  status: {
    conditions: [
      { type: "DisruptionTarget", status: "True", reason: "Test", lastTransitionTime: "2026-01-01T00:07:00Z" },
    ],
  },
};

example(
  "a pod that was to be disrupted three minutes ago is spared, and told of when two budgets select it",
  { pod: disrupted, budgets: ["two", "one"] },
  `
  1. warn MultiplePodDisruptionBudgets: Pod "shop"/"web" matches multiple PodDisruptionBudgets.  Chose "one" arbitrarily.
  2. set DisruptionTarget=False () of 2
  because its deletion has not come in two minutes
`,
);
