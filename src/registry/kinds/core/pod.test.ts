import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf, StatusError, type AnyDraft, type KubeObject, type Pod, type PodDisruptionBudget } from "#objects";
import type { CreateSubresource, Resource, WriteContext } from "../../definition.ts";
import { createRegistryWorld, USER, type RegistryWorld } from "../../testing/world.ts";
import { podDisruptionBudgets } from "../policy/pod-disruption-budget.ts";
import { pods } from "./pod.ts";

const KEY = { namespace: "default", name: "p" };

interface PodWorld extends RegistryWorld, AsyncDisposable {
  readonly pods: Resource;
  readonly budgets: Resource;
  readonly context: WriteContext;
}

async function createPodWorld(): Promise<PodWorld> {
  const base = await createRegistryWorld({ definitions: [pods, podDisruptionBudgets] });
  return {
    ...base,
    pods: base.registry.resource("", "pods")!,
    budgets: base.registry.resource("policy", "poddisruptionbudgets")!,
    context: { user: USER.user, now: base.clock.now(), dryRun: false, registry: base.registry },
    [Symbol.asyncDispose]: () => base[Symbol.asyncDispose](),
  };
}

function draft(spec: object = {}, metadata: object = {}): AnyDraft {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name: "p", labels: { app: "web" }, ...metadata },
    spec: { containers: [{ name: "a", image: "i:1" }], ...spec },
  } as unknown as AnyDraft;
  pods.applyDefaults?.(object);
  return object;
}

const call = async ({ pods: resource, context }: PodWorld, subresource: string, body: object, dryRun = false) => {
  const part = pods.subresources?.[subresource] as CreateSubresource<KubeObject>;
  const parent = async () => (await resource.get(KEY)).object;
  return part.handle({ key: KEY, body: body as AnyDraft, context: { ...context, dryRun }, parent });
};
const bind = (world: PodWorld, node: string) =>
  call(world, "binding", {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "p" },
    target: { kind: "Node", name: node },
  });
const evict = (world: PodWorld, more: object = {}, dryRun = false) =>
  call(world, "eviction", { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" }, ...more }, dryRun);

const failure = async (promise: Promise<unknown>): Promise<StatusError> => {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
};
const podOf = async (resource: Resource) => (await resource.get(KEY)).object as Pod;

test("a new Pod is pending, has a QoS class and generation 1, and says when gates hold it", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft({ schedulingGates: [{ name: "g" }] }), USER);
  const pod = await podOf(world.pods);
  assert.equal(pod.metadata.generation, 1);
  assert.deepEqual(pod.status, {
    phase: "Pending",
    qosClass: "BestEffort",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ],
  });
});

test("binding assigns a pod once", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft(), USER);
  const answer = await bind(world, "n1");
  assert.equal((answer as unknown as { status: string }).status, "Success");
  const pod = await podOf(world.pods);
  assert.equal(pod.spec?.nodeName, "n1");
  assert.equal(pod.metadata.generation, 1);
  const [scheduled] = pod.status?.conditions ?? [];
  assert.deepEqual([scheduled?.type, scheduled?.status], ["PodScheduled", "True"]);

  const error = await failure(bind(world, "n2"));
  assert.equal(error.code, 409);
  assert.equal(
    error.message,
    'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
  );
});

test("a gated pod cannot be bound", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft({ schedulingGates: [{ name: "g" }] }), USER);
  const error = await failure(bind(world, "n1"));
  assert.match(error.message, /pod p has non-empty \.spec\.schedulingGates/);
});

test("a pod without a node goes at once, one with a node has its grace", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft(), USER);
  assert.equal((await world.pods.delete(KEY, USER)).deleted, true);
  await world.pods.create(draft({ nodeName: "n1" }), USER);
  assert.equal((await world.pods.delete(KEY, USER)).deleted, false);
  const { metadata } = await podOf(world.pods);
  assert.equal(metadata.deletionGracePeriodSeconds, 30);
  assert.equal((await world.pods.delete(KEY, { ...USER, gracePeriodSeconds: 0 })).deleted, true);
});

/** A running pod under a budget that has this many disruptions left. */
async function guarded(world: PodWorld, disruptionsAllowed: number, more: object = {}) {
  await world.pods.create(draft({ nodeName: "n1" }), USER);
  await setStatus(world.pods, KEY, {
    phase: "Running",
    qosClass: "BestEffort",
    conditions: [{ type: "Ready", status: "True" }],
  });
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { namespace: "default", name: "b" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } }, ...more },
  } as unknown as AnyDraft;
  await world.budgets.create(budget, USER);
  const figures = { observedGeneration: 1, disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 };
  await setStatus(world.budgets, { namespace: "default", name: "b" }, figures);
}

const setStatus = (resource: Resource, key: typeof KEY, status: object) =>
  resource.update(key, (current) => ({ ...draftOf(current!), status }) as unknown as AnyDraft, {
    ...USER,
    subresource: "status",
  });

test("eviction is refused when the budget is used up", async () => {
  await using world = await createPodWorld();
  await guarded(world, 0);
  const error = await failure(evict(world));
  assert.equal(error.code, 429);
  assert.equal(error.message, "Cannot evict pod as it would violate the pod's disruption budget.");
  assert.deepEqual(error.status.details?.causes, [
    { reason: "DisruptionBudget", message: "The disruption budget b needs 1 healthy pods and has 1 currently" },
  ]);
  assert.equal((await podOf(world.pods)).metadata.deletionTimestamp, undefined);
});

test("a refused eviction says what the budget's controller says, where its figures do not", async () => {
  const cause = async (figures: object) => {
    await using world = await createPodWorld();
    await guarded(world, 0);
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    };
    await setStatus(world.budgets, { namespace: "default", name: "b" }, { ...status, ...figures });
    const { status: answer } = await failure(evict(world));
    return answer.details?.causes?.[0]?.message;
  };
  const condition = (reason: string, message: string) => ({
    conditions: [
      { type: "DisruptionAllowed", status: "False", reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" },
    ],
  });
  const refusal = "The disruption budget b does not allow evicting pods currently";
  assert.equal(
    await cause(condition("SyncFailed", 'found no controllers for pod "p"')),
    `${refusal} because it failed sync: found no controllers for pod "p"`,
  );
  assert.equal(await cause({ currentHealthy: 2 }), refusal);
  assert.equal(await cause({ currentHealthy: 2, ...condition("Held", "by hand") }), `${refusal} (Held): by hand`);
});

test("eviction takes a disruption, says why and deletes", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  await evict(world, { deleteOptions: { gracePeriodSeconds: 5 } });
  const pod = await podOf(world.pods);
  assert.equal(pod.metadata.deletionGracePeriodSeconds, 5);
  const target = pod.status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  assert.deepEqual(
    [target?.status, target?.reason, target?.message],
    ["True", "EvictionByEvictionAPI", "Eviction API: evicting"],
  );
  const budget = (await world.budgets.get({ namespace: "default", name: "b" })).object as PodDisruptionBudget;
  assert.equal(budget.status?.disruptionsAllowed, 0);
  assert.deepEqual(Object.keys(budget.status?.disruptedPods ?? {}), ["p"]);
});

test("a dry eviction changes nothing", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  await evict(world, {}, true);
  const budget = (await world.budgets.get({ namespace: "default", name: "b" })).object as PodDisruptionBudget;
  assert.equal(budget.status?.disruptionsAllowed, 1);
  assert.equal((await podOf(world.pods)).metadata.deletionTimestamp, undefined);
});

/** What is left after a refused or dry eviction: nothing of it. */
async function assertUntouched(world: PodWorld, disruptionsAllowed: number) {
  const pod = await podOf(world.pods);
  assert.equal(pod.metadata.deletionTimestamp, undefined);
  assert.deepEqual(
    pod.status?.conditions?.filter(({ type }) => type === "DisruptionTarget"),
    [],
  );
  const budget = (await world.budgets.get({ namespace: "default", name: "b" })).object as PodDisruptionBudget;
  assert.equal(budget.status?.disruptionsAllowed, disruptionsAllowed);
  assert.deepEqual(budget.status?.disruptedPods ?? {}, {});
}

test("an eviction whose own options are a dry run changes nothing", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  await evict(world, { deleteOptions: { dryRun: ["All"] } });
  await assertUntouched(world, 1);
});

test("an eviction's options are validated as those of a deletion, before anything is written", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  const cases: readonly (readonly [options: object, message: string])[] = [
    [
      { dryRun: ["all"] },
      'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["all"]: supported values: "All"',
    ],
    [
      { propagationPolicy: "Sometimes" },
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sometimes": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      { propagationPolicy: "Orphan", orphanDependents: true },
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ],
  ];
  for (const [deleteOptions, message] of cases) {
    const error = await failure(evict(world, { deleteOptions }));
    assert.deepEqual([error.code, error.message], [422, message]);
  }
  await assertUntouched(world, 1);
});

test("a dry run of the request and another one of the eviction's options do not go together", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  const error = await failure(evict(world, { deleteOptions: { dryRun: ["all"] } }, true));
  assert.deepEqual(
    [error.code, error.message],
    [500, "Non-matching dry-run options in request and content: [All] and [all]"],
  );
});

test("an eviction's orphanDependents is the policy Orphan", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  await evict(world, { deleteOptions: { orphanDependents: true } });
  assert.deepEqual((await podOf(world.pods)).metadata.finalizers, ["orphan"]);
});

test("an eviction's preconditions are of the pod as the client saw it", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  const { uid, resourceVersion } = (await podOf(world.pods)).metadata;
  const other = await failure(evict(world, { deleteOptions: { preconditions: { uid: "other" } } }));
  assert.deepEqual(
    [other.code, other.message],
    [
      409,
      `Operation cannot be fulfilled on Pod "p": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    ],
  );
  const old = await failure(evict(world, { deleteOptions: { preconditions: { resourceVersion: "1" } } }));
  assert.deepEqual(
    [old.code, old.message],
    [
      409,
      `Operation cannot be fulfilled on Pod "p": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    ],
  );
  await assertUntouched(world, 1);
  await evict(world, { deleteOptions: { preconditions: { uid, resourceVersion } } });
  assert.notEqual((await podOf(world.pods)).metadata.deletionTimestamp, undefined);
});

test("a pod under two budgets cannot be evicted", async () => {
  await using world = await createPodWorld();
  await guarded(world, 1);
  const second = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { namespace: "default", name: "c" },
    // An empty selector covers every pod of the namespace.
    spec: { maxUnavailable: 1, selector: {} },
  } as unknown as AnyDraft;
  await world.budgets.create(second, USER);
  const { status } = await failure(evict(world));
  assert.deepEqual(status, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    code: 500,
  });
});

test("a pod that became ready while it was evicted as an unhealthy one stays", async () => {
  await using world = await createPodWorld();
  await guarded(world, 0, { unhealthyPodEvictionPolicy: "AlwaysAllow" });
  const status = (ready: string) => ({
    phase: "Running",
    qosClass: "BestEffort",
    conditions: [{ type: "Ready", status: ready }],
  });
  await setStatus(world.pods, KEY, status("False"));
  const seen = (await world.pods.get(KEY)).object;
  await setStatus(world.pods, KEY, status("True"));
  const part = pods.subresources?.["eviction"] as CreateSubresource<KubeObject>;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } } as AnyDraft;
  const parent = () => Promise.resolve(seen);
  const error = await failure(part.handle({ key: KEY, body, context: world.context, parent }));
  assert.equal(error.code, 429);
  assert.deepEqual(error.status.details?.causes, [
    { reason: "DisruptionBudget", message: "The disruption budget b is still being processed by the server." },
  ]);
  await assertUntouched(world, 0);
});

test("a pending pod that changes meanwhile is looked at anew, and evicted", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft({ nodeName: "n1" }), USER);
  const seen = (await world.pods.get(KEY)).object;
  await setStatus(world.pods, KEY, { phase: "Pending", qosClass: "BestEffort", message: "other" });
  let looks = 0;
  const part = pods.subresources?.["eviction"] as CreateSubresource<KubeObject>;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } } as AnyDraft;
  const parent = async () => (looks++ === 0 ? seen : (await world.pods.get(KEY)).object);
  await part.handle({ key: KEY, body, context: world.context, parent });
  assert.equal(looks, 2);
  assert.notEqual((await podOf(world.pods)).metadata.deletionTimestamp, undefined);
});

test("a pod that is not healthy may go when the budget allows it", async () => {
  await using world = await createPodWorld();
  await guarded(world, 0, { unhealthyPodEvictionPolicy: "AlwaysAllow" });
  await setStatus(world.pods, KEY, {
    phase: "Running",
    qosClass: "BestEffort",
    conditions: [{ type: "Ready", status: "False" }],
  });
  await evict(world);
  assert.notEqual((await podOf(world.pods)).metadata.deletionTimestamp, undefined);
});

test("resize changes cpu and memory, and nothing else", async () => {
  await using world = await createPodWorld();
  const resources = { requests: { cpu: "1" } };
  await world.pods.create(draft({ containers: [{ name: "a", image: "i:1", resources }] }), USER);
  const change = (more: object) => (current: KubeObject | undefined) => {
    const next = draftOf(current as Pod) as AnyDraft & { spec: { hostname?: string; containers: object[] } };
    next.spec.hostname = "ignored";
    Object.assign(next.spec.containers[0]!, more);
    return next;
  };
  const options = { ...USER, subresource: "resize" };
  await world.pods.update(KEY, change({ resources: { requests: { cpu: "2" } }, image: "ignored" }), options);
  const pod = await podOf(world.pods);
  assert.deepEqual(pod.spec?.containers[0]?.resources, { requests: { cpu: "2" } });
  assert.equal(pod.spec?.containers[0]?.image, "i:1");
  assert.equal(pod.metadata.generation, 2);
  const removed = await failure(world.pods.update(KEY, change({ resources: {} }), options));
  assert.match(
    removed.message,
    /spec\.containers\[0\]\.resources\.requests: Forbidden: resource requests cannot be removed/,
  );
  const guaranteed = change({
    resources: { requests: { cpu: "2", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } },
  });
  const error = await failure(world.pods.update(KEY, guaranteed, options));
  assert.match(error.message, /Pod QOS Class may not change as a result of resizing/);
});

test("ephemeral containers can be added, not changed or removed", async () => {
  await using world = await createPodWorld();
  await world.pods.create(draft(), USER);
  const set = (containers: readonly object[]) =>
    world.pods.update(
      KEY,
      (current) => {
        const next = draftOf(current as Pod) as AnyDraft & { spec: { ephemeralContainers?: object[] } };
        next.spec.ephemeralContainers = containers.map((container) => ({ ...container }));
        return next;
      },
      { ...USER, subresource: "ephemeralcontainers" },
    );
  await set([{ name: "debug", image: "busybox:1" }]);
  assert.equal((await podOf(world.pods)).spec?.ephemeralContainers?.[0]?.imagePullPolicy, "IfNotPresent");
  await set([
    { name: "debug", image: "busybox:1" },
    { name: "more", image: "busybox:1" },
  ]);
  const changed = await failure(
    set([
      { name: "debug", image: "busybox:2" },
      { name: "more", image: "busybox:1" },
    ]),
  );
  assert.match(changed.message, /existing ephemeral containers "debug" may not be changed/);
  const removed = await failure(set([{ name: "debug", image: "busybox:1" }]));
  assert.match(removed.message, /existing ephemeral containers "more" may not be removed/);
});
