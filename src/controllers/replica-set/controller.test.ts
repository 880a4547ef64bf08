import { strict as assert } from "node:assert";
import { test } from "node:test";
import { forbiddenError, PODS, REPLICA_SETS, type Pod, type ReplicaSet } from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { replicaSetController } from "./controller.ts";

const KEY = { namespace: "default", name: "web" };
const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } };

const world = () => createTestWorld([replicaSetController]);

async function create(w: TestWorld, replicas: number, more: object = {}): Promise<ReplicaSet> {
  const set = await w.client.create(REPLICA_SETS, {
    metadata: { ...KEY },
    spec: { replicas, selector: { matchLabels: labels }, template, ...more },
  });
  await w.settle();
  return set;
}

const scale = (w: TestWorld, replicas: number) =>
  w.client.edit(REPLICA_SETS, KEY, (draft) => {
    draft.spec = { ...(draft.spec as object), replicas };
  });
const status = (w: TestWorld) => w.client.all(REPLICA_SETS)[0]?.status;
const live = (w: TestWorld): Pod[] =>
  w.client.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

test("a ReplicaSet creates what is missing, owned and labelled, with an Event", async () => {
  await using w = await world();
  const set = await create(w, 3);
  const pods = w.client.all(PODS);
  assert.equal(pods.length, 3);
  for (const pod of pods) {
    assert.match(pod.metadata.name ?? "", /^web-[a-z0-9]{5}$/);
    assert.deepEqual(pod.metadata.labels, labels);
    assert.deepEqual(pod.metadata.ownerReferences, [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "web",
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  }
  assert.deepEqual(
    w.events().toSorted(),
    pods.map(({ metadata }) => `Normal SuccessfulCreate Created pod: ${metadata.name}`).toSorted(),
  );
  assert.deepEqual(status(w), {
    replicas: 3,
    fullyLabeledReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
});

test("a ReplicaSet never creates more than asked for, however late the caches learn of it", async () => {
  await using w = await world();
  await create(w, 40);
  assert.equal(w.client.writes.filter((write) => write.startsWith("create pods")).length, 40);
});

test("a ReplicaSet replaces pods that were deleted or have come to their end", async () => {
  await using w = await world();
  await create(w, 3);
  w.kubelet.settle();
  await w.settle();
  const [a, b] = live(w);
  await w.client.delete(PODS, { namespace: "default", name: a!.metadata.name! });
  w.kubelet.finish(b!, "Failed");
  await w.settle();
  const active = live(w).filter(({ status: s }) => s?.phase !== "Failed");
  assert.equal(active.length, 3);
  assert.equal(status(w)?.terminatingReplicas, 1);
  assert.equal(status(w)?.replicas, 3);
});

test("a ReplicaSet deletes the pods that matter least when it is scaled down", async () => {
  await using w = await world();
  await create(w, 4);
  const [first, second, ...rest] = live(w);
  w.kubelet.run(first!, true);
  w.kubelet.run(second!, true);
  for (const pod of rest) w.kubelet.run(pod, false);
  await w.settle();
  scale(w, 2);
  await w.settle();
  assert.deepEqual(
    live(w).map(({ metadata }) => metadata.name),
    [first!.metadata.name, second!.metadata.name],
  );
  assert.ok(w.events().includes(`Normal SuccessfulDelete Deleted pod: ${rest[0]!.metadata.name}`));
});

test("a ReplicaSet adopts matching orphans instead of creating pods, and releases pods that no longer match", async () => {
  await using w = await world();
  await w.client.create(PODS, { metadata: { namespace: "default", name: "orphan", labels }, spec: template.spec });
  const set = await create(w, 2);
  assert.equal(w.client.all(PODS).length, 2);
  const orphan = () => w.client.all(PODS).find(({ metadata }) => metadata.name === "orphan");
  assert.equal(orphan()?.metadata.ownerReferences?.[0]?.uid, set.metadata.uid);

  w.client.edit(PODS, { namespace: "default", name: "orphan" }, (draft) => {
    draft.metadata.labels = { app: "quarantine" };
  });
  await w.settle();
  assert.deepEqual(orphan()?.metadata.ownerReferences, []);
  assert.equal(w.client.all(PODS).length, 3, "a new pod takes its place");
});

test("an orphan that comes later is adopted, and one pod too many is deleted", async () => {
  await using w = await world();
  await create(w, 2);
  await w.client.create(PODS, { metadata: { namespace: "default", name: "orphan", labels }, spec: template.spec });
  await w.settle();
  assert.equal(live(w).length, 2);
});

test("a ReplicaSet that is gone from the API but not yet from its cache adopts nothing", async () => {
  await using w = await world();
  await create(w, 0);
  w.client.before = (verb, type) => {
    // The ReplicaSet is deleted and made again in the moment before the check.
    if (verb !== "get" || type.resource !== "replicasets") return;
    w.client.before = undefined;
    w.client.remove(REPLICA_SETS, KEY);
  };
  await w.client.create(PODS, { metadata: { namespace: "default", name: "orphan", labels }, spec: template.spec });
  await w.settle();
  assert.equal(w.client.all(PODS)[0]?.metadata.ownerReferences, undefined);
});

test("a ReplicaSet shows why pods cannot be created, tries one at a time, and clears the condition afterwards", async () => {
  await using w = await world();
  w.client.before = (verb, type) => {
    if (verb === "create" && type === PODS) throw forbiddenError(PODS, "web-x", "exceeded quota");
  };
  await create(w, 10);
  const [condition] = status(w)?.conditions ?? [];
  assert.equal(condition?.type, "ReplicaFailure");
  assert.equal(condition?.status, "True");
  assert.equal(condition?.reason, "FailedCreate");
  assert.equal(condition?.message, 'pods "web-x" is forbidden: exceeded quota');
  assert.ok(w.events().includes('Warning FailedCreate Error creating: pods "web-x" is forbidden: exceeded quota'));
  const attempts = w.client.writes.filter((write) => write.startsWith("create pods")).length;
  assert.ok(attempts < 8, `${attempts} attempts in 100 ms: one a sync, with back-off`);
  w.client.before = undefined;
  await w.clock.runUntil(() => live(w).length === 10 && !status(w)?.conditions, 60_000);
});

test("pods become available when they have been ready for minReadySeconds", async () => {
  await using w = await world();
  await create(w, 2, { minReadySeconds: 10 });
  w.kubelet.settle();
  await w.settle(5000);
  assert.equal(status(w)?.readyReplicas, 2);
  assert.equal(status(w)?.availableReplicas, undefined);
  await w.settle(5001);
  assert.equal(status(w)?.availableReplicas, 2);
});

test("a ReplicaSet that is deleted leaves its pods to the garbage collector", async () => {
  await using w = await world();
  await create(w, 2);
  w.client.edit(REPLICA_SETS, KEY, (draft) => {
    draft.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
    draft.spec = { ...(draft.spec as object), replicas: 5 };
  });
  await w.settle();
  assert.equal(live(w).length, 2);
});

test("a ReplicaSet reads no pods but its own", async () => {
  await using w = await world();
  for (let n = 0; n < 200; n++) {
    await w.client.create(PODS, {
      metadata: { namespace: "default", name: `other-${n}`, labels: { app: `other-${n}` } },
      spec: template.spec,
    });
  }
  await create(w, 3);
  const pods = w.caches.of(PODS);
  let looked = 0;
  const index = pods.index.bind(pods);
  Object.assign(pods, {
    index(name: string, value: string) {
      const found = index(name, value);
      looked += found.length;
      return found;
    },
    list: () => assert.fail("a scan over all pods"),
  });
  scale(w, 4);
  await w.settle();
  assert.equal(live(w).length, 204);
  assert.ok(looked <= 20, `${looked} pods looked at`);
});
