import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { formatTime, isPodTerminal, type Pod, type StatefulSet } from "#objects";
import { firstOrdinal, isOrdered, isWanted, ordinalOf, podName, replicasOf, revisionOf } from "./identity.ts";
import { planStatefulSet, type StatefulSetStep } from "./plan.ts";
import type { StatefulSetView } from "./view.ts";
import { isRunningAndReady, isTerminating, isUnavailable } from "./status.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const version = (name: string) => ({ name, template: { spec: { containers: [{ name: "c", image: name }] } } });

interface PodState {
  readonly revision: "old" | "current" | "update";
  readonly phase: "Pending" | "Running" | "Failed" | "Succeeded";
  /** How long it has been ready, in seconds. */
  readonly readyFor: number | undefined;
  readonly terminating: boolean;
}

const podState: fc.Arbitrary<PodState> = fc.record({
  revision: fc.constantFrom("old", "current", "update"),
  phase: fc.constantFrom("Pending", "Running", "Running", "Running", "Failed", "Succeeded"),
  readyFor: fc.option(fc.constantFrom(0, 5, 60), { nil: undefined }),
  terminating: fc.boolean(),
});

const podOf = (ordinal: number, { revision, phase, readyFor, terminating }: PodState): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `web-${ordinal}`,
    namespace: "default",
    uid: `uid-${ordinal}`,
    labels: { "controller-revision-hash": revision, "statefulset.kubernetes.io/pod-name": `web-${ordinal}` },
    ...(terminating ? { deletionTimestamp: formatTime(NOW) } : {}),
  },
  spec: { containers: [{ name: "c" }] },
  status: {
    phase,
    conditions: [
      {
        type: "Ready",
        status: readyFor === undefined || phase !== "Running" ? "False" : "True",
        lastTransitionTime: formatTime(NOW - (readyFor ?? 0) * 1000),
      },
    ],
  },
});

const anyView: fc.Arbitrary<StatefulSetView> = fc
  .record({
    replicas: fc.nat(5),
    start: fc.nat(2),
    policy: fc.constantFrom("OrderedReady", "Parallel"),
    strategy: fc.oneof(
      fc.constant({ type: "OnDelete" }),
      fc.constant({ type: "RollingUpdate" }),
      fc.record({
        type: fc.constant("RollingUpdate"),
        rollingUpdate: fc.record({ partition: fc.nat(6), maxUnavailable: fc.constantFrom(1, 2, "50%") }),
      }),
    ),
    minReadySeconds: fc.constantFrom(0, 30),
    currentReplicas: fc.nat(5),
    countsUnavailable: fc.boolean(),
    states: fc.array(fc.option(podState, { nil: undefined }), { maxLength: 8 }),
  })
  .map(({ replicas, start, policy, strategy, minReadySeconds, currentReplicas, countsUnavailable, states }) => ({
    set: {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "web", namespace: "default", uid: "set", generation: 1 },
      spec: {
        replicas,
        ordinals: { start },
        podManagementPolicy: policy,
        updateStrategy: strategy,
        minReadySeconds,
        selector: { matchLabels: { app: "web" } },
        template: version("update").template,
        serviceName: "web",
      },
      status: { replicas: 0, currentReplicas },
    } satisfies StatefulSet,
    pods: states.flatMap((state, ordinal) => (state ? [podOf(ordinal, state)] : [])),
    claims: new Map(),
    current: version("current"),
    update: version("update"),
    collisionCount: 0,
    countsUnavailable,
  }));

const started = (steps: readonly StatefulSetStep[]) =>
  steps.flatMap((step) => (step.type === "start" ? step.starts : [])).map(({ pod }) => pod);
const stopped = (steps: readonly StatefulSetStep[]) => steps.flatMap((step) => (step.type === "stop" ? step.pods : []));
const available = (view: StatefulSetView) => view.pods.filter((pod) => !isUnavailable(view.set, pod, NOW));

const holds = (title: string, check: (view: StatefulSetView, steps: readonly StatefulSetStep[]) => void) => {
  test(title, () => {
    fc.assert(
      fc.property(anyView, (view) => check(view, planStatefulSet(view, NOW).steps)),
      { numRuns: 2000 },
    );
  });
};

holds("no ordinal gets a second pod, and none outside of what is wanted", ({ set, pods }, steps) => {
  const names = [...pods.map(({ metadata }) => metadata.name), ...started(steps).map(({ metadata }) => metadata.name)];
  assert.equal(new Set(names).size, names.length);
  for (const { metadata } of started(steps)) {
    assert.ok(isWanted(set, Number(metadata.name?.slice("web-".length))), metadata.name);
  }
});

holds("no pod is stopped twice, and none that is being deleted", (_view, steps) => {
  const pods = stopped(steps);
  assert.equal(new Set(pods).size, pods.length);
  assert.ok(!pods.some(isTerminating));
});

holds(
  "in order, one pod is started or stopped at a time, unless several may be unavailable",
  ({ set, ...view }, steps) => {
    if (!isOrdered(set) || view.countsUnavailable) return;
    assert.ok(started(steps).length + stopped(steps).length <= 1);
  },
);

holds("in order, a pod starts only when all before it are available", (view, steps) => {
  const { set, pods } = view;
  if (!isOrdered(set)) return;
  for (const { metadata } of started(steps)) {
    const ordinal = Number(metadata.name?.slice("web-".length));
    for (let before = firstOrdinal(set); before < ordinal; before++) {
      const pod = pods.find((one) => ordinalOf(one) === before);
      assert.ok(!isUnavailable(set, pod, NOW), `${metadata.name} before ${podName(set, before)} is available`);
    }
  }
});

holds(
  "in order, a pod is scaled away only when all that stay are available, and of those to go the one of the highest ordinal",
  (view, steps) => {
    const { set, pods } = view;
    if (!isOrdered(set)) return;
    for (const pod of stopped(steps).filter((one) => !isWanted(set, ordinalOf(one)))) {
      assert.equal(available(view).filter((one) => isWanted(set, ordinalOf(one))).length, replicasOf(set));
      const condemned = pods.map(ordinalOf).filter((ordinal) => !isWanted(set, ordinal));
      assert.equal(ordinalOf(pod), Math.max(...condemned));
    }
  },
);

holds("a pod below the partition is never stopped for an update, and comes at the current revision", (view, steps) => {
  const { rollingUpdate } = view.set.spec?.updateStrategy ?? {};
  if (!rollingUpdate) return;
  const from = firstOrdinal(view.set) + (rollingUpdate.partition ?? 0);
  for (const pod of stopped(steps)) {
    if (!isWanted(view.set, ordinalOf(pod)) || isPodTerminal(pod)) continue;
    assert.ok(ordinalOf(pod) >= from);
    assert.notEqual(revisionOf(pod), "update");
  }
  for (const { metadata } of started(steps)) {
    const ordinal = Number(metadata.name?.slice("web-".length));
    assert.equal(metadata.labels?.["controller-revision-hash"], ordinal < from ? "current" : "update");
  }
});

holds("an update takes no more available pods than may be unavailable", (view, steps) => {
  const { set, countsUnavailable } = view;
  const replicas = replicasOf(set);
  const { maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const share = maxUnavailable === "50%" ? Math.max(1, Math.floor(replicas / 2)) : Number(maxUnavailable);
  const allowed = countsUnavailable ? share : 1;
  const before = available(view).filter((pod) => isWanted(set, ordinalOf(pod)));
  const taken = stopped(steps).filter((pod) => before.includes(pod));
  if (taken.length > 0 && countsUnavailable) assert.ok(before.length - taken.length >= replicas - allowed);
  assert.ok(taken.length <= allowed);
});

holds("OnDelete stops no pod but those that ended or are too many", ({ set }, steps) => {
  if (set.spec?.updateStrategy?.type !== "OnDelete") return;
  for (const pod of stopped(steps)) assert.ok(isPodTerminal(pod) || !isWanted(set, ordinalOf(pod)));
});

holds("the figures of the status agree with each other", ({ set, pods }, steps) => {
  const step = steps.find(({ type }) => type === "update-status");
  if (step?.type !== "update-status") return;
  const { replicas, readyReplicas = 0, availableReplicas = 0, currentReplicas = 0, updatedReplicas = 0 } = step.status;
  assert.equal(replicas, pods.length);
  assert.equal(readyReplicas, pods.filter(isRunningAndReady).length);
  assert.ok(availableReplicas <= readyReplicas);
  for (const figure of [readyReplicas, currentReplicas, updatedReplicas]) assert.ok(figure >= 0 && figure <= replicas);
  assert.equal(step.status.observedGeneration, set.metadata.generation);
});

test("a StatefulSet of two thousand million pods is planned at once", () => {
  fc.assert(
    fc.property(anyView, fc.constantFrom("OrderedReady", "Parallel"), (view, podManagementPolicy) => {
      const set: StatefulSet = {
        ...view.set,
        spec: { ...view.set.spec!, replicas: 2 ** 31 - 1, ordinals: { start: 0 }, podManagementPolicy },
      };
      assert.ok(started(planStatefulSet({ ...view, set }, NOW).steps).length <= 500);
    }),
    { numRuns: 20 },
  );
});
