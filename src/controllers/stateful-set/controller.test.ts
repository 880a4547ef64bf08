import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import {
  CONTROLLER_REVISIONS,
  forbiddenError,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  STATEFUL_SETS,
  type Pod,
  type StatefulSet,
} from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { statefulSetController } from "./controller.ts";

const KEY = { namespace: "default", name: "web" };
const labels = { app: "web" };
const templateOf = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: "c", image }] } });
const at = (name: string) => ({ namespace: "default", name });

const world = (countsUnavailable = false) => createTestWorld([statefulSetController({ countsUnavailable })]);

const specOf = (more: object = {}) => ({
  replicas: 3,
  selector: { matchLabels: labels },
  serviceName: "web",
  template: templateOf("a"),
  podManagementPolicy: "OrderedReady",
  updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
  revisionHistoryLimit: 10,
  ...more,
});

async function create(w: TestWorld, more: object = {}): Promise<StatefulSet> {
  const set = await w.client.create(STATEFUL_SETS, { metadata: { ...KEY }, spec: specOf(more) });
  await w.settle();
  return set;
}

async function change(w: TestWorld, more: object): Promise<void> {
  w.client.edit(STATEFUL_SETS, KEY, (draft) => {
    draft.spec = { ...(draft.spec as object), ...more };
    draft.metadata.generation = Number(draft.metadata.generation ?? 0) + 1;
  });
  await w.settle();
}

/** Lets pods start and end, and the controller act on it, until nothing changes any more. */
async function converge(w: TestWorld): Promise<void> {
  for (let writes = -1; writes !== w.client.writes.length;) {
    writes = w.client.writes.length;
    w.kubelet.settle();
    await w.settle();
  }
}

const status = (w: TestWorld) => w.client.all(STATEFUL_SETS)[0]?.status;
const pods = (w: TestWorld): readonly Pod[] => w.client.all(PODS);
const names = (w: TestWorld) => pods(w).map(({ metadata }) => metadata.name);
const podOf = (w: TestWorld, name: string): Pod | undefined => pods(w).find(({ metadata }) => metadata.name === name);
const images = (w: TestWorld) =>
  pods(w)
    .toSorted((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
    .map(({ spec }) => spec?.containers[0]?.image)
    .join("");
/** `create web-0`, `delete web-2`: what was done to pods, in order. */
const done = (w: TestWorld, from = 0) =>
  w.client.writes
    .slice(from)
    .filter((write) => /^(create|delete) pods/.test(write))
    .map((write) => write.replace(/ pods.*?([\w-]+)$/, " $1"));

describe("a StatefulSet", () => {
  test("starts its pods in order, each once the one before it is ready, with its name, labels and owner", async () => {
    await using w = await world();
    const set = await create(w);
    assert.deepEqual(names(w), ["web-0"]);
    w.kubelet.run(podOf(w, "web-0")!, false);
    await w.settle();
    assert.deepEqual(names(w), ["web-0"], "not ready: halted");
    w.kubelet.run(podOf(w, "web-0")!, true);
    await w.settle();
    await converge(w);
    assert.deepEqual(names(w), ["web-0", "web-1", "web-2"]);
    const revision = status(w)?.updateRevision ?? "";
    const [, pod] = pods(w);
    assert.match(revision, /^web-[a-z0-9]{1,10}$/);
    assert.deepEqual(pod?.metadata.labels, {
      app: "web",
      "apps.kubernetes.io/pod-index": "1",
      "controller-revision-hash": revision,
      "statefulset.kubernetes.io/pod-name": "web-1",
    });
    assert.deepEqual([pod?.spec?.hostname, pod?.spec?.subdomain], ["web-1", "web"]);
    assert.equal(pod?.metadata.ownerReferences?.[0]?.uid, set.metadata.uid);
    assert.deepEqual(status(w), {
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision,
      updateRevision: revision,
      collisionCount: 0,
      availableReplicas: 3,
    });
    assert.deepEqual(
      w.events(),
      ["web-0", "web-1", "web-2"].map(
        (name) => `Normal SuccessfulCreate create Pod ${name} in StatefulSet web successful`,
      ),
    );
  });

  test("starts and stops all at once when it is Parallel, also with pods that are not ready", async () => {
    await using w = await world();
    await create(w, { podManagementPolicy: "Parallel", replicas: 5 });
    assert.equal(pods(w).length, 5);
    w.kubelet.run(podOf(w, "web-3")!, false);
    await change(w, { replicas: 1 });
    await converge(w);
    assert.deepEqual(names(w), ["web-0"]);
  });

  test("is scaled down from the highest ordinal, one pod after the other", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    const from = w.client.writes.length;
    await change(w, { replicas: 1 });
    assert.deepEqual(done(w, from), ["delete web-2"], "the next one waits until this one is gone");
    await converge(w);
    assert.deepEqual(done(w, from), ["delete web-2", "delete web-1"]);
    assert.deepEqual(names(w), ["web-0"]);
    assert.ok(w.events().includes("Normal SuccessfulDelete delete Pod web-2 in StatefulSet web successful"));
  });

  test("is not scaled down while one that stays is not ready", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    w.kubelet.run(podOf(w, "web-0")!, false);
    await change(w, { replicas: 1 });
    assert.equal(pods(w).filter(({ metadata }) => metadata.deletionTimestamp).length, 0);
    w.kubelet.run(podOf(w, "web-0")!, true);
    await w.settle();
    await converge(w);
    assert.deepEqual(names(w), ["web-0"]);
  });

  test("makes a pod that failed, ended or was deleted again under its name, when the old one is gone", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    for (const phase of ["Failed", "Succeeded"] as const) {
      const old = podOf(w, "web-1")!;
      w.kubelet.finish(old, phase);
      await w.settle();
      const marked = podOf(w, "web-1");
      assert.ok(marked === undefined || marked.metadata.uid !== old.metadata.uid || marked.metadata.deletionTimestamp);
      await converge(w);
      assert.notEqual(podOf(w, "web-1")?.metadata.uid, old.metadata.uid, phase);
    }
    await w.client.delete(PODS, at("web-0"));
    await converge(w);
    assert.deepEqual(new Set(names(w)), new Set(["web-0", "web-1", "web-2"]));
    assert.equal(status(w)?.readyReplicas, 3);
  });

  test("counts its ordinals from where it says", async () => {
    await using w = await world();
    await create(w, { ordinals: { start: 5 }, replicas: 2 });
    await converge(w);
    assert.deepEqual(names(w), ["web-5", "web-6"]);
    await change(w, { ordinals: { start: 6 } });
    await converge(w);
    assert.deepEqual(new Set(names(w)), new Set(["web-6", "web-7"]));
  });

  test("waits for minReadySeconds before the next pod, and counts those as available that have passed them", async () => {
    await using w = await world();
    await create(w, { minReadySeconds: 30, replicas: 2 });
    await converge(w);
    assert.deepEqual(names(w), ["web-0"]);
    assert.deepEqual([status(w)?.readyReplicas, status(w)?.availableReplicas], [1, 0]);
    await w.clock.advance(31_000);
    assert.deepEqual(names(w), ["web-0", "web-1"]);
    assert.equal(status(w)?.availableReplicas, 1);
  });

  test("adopts orphans of its names, and releases pods that are no longer selected or have other names", async () => {
    await using w = await world();
    await w.client.create(PODS, { metadata: { ...at("web-0"), labels }, spec: templateOf("a").spec });
    await w.client.create(PODS, { metadata: { ...at("web-x"), labels }, spec: templateOf("a").spec });
    const set = await create(w);
    await converge(w);
    const ownerOf = (name: string) => podOf(w, name)?.metadata.ownerReferences?.[0]?.uid;
    assert.equal(ownerOf("web-0"), set.metadata.uid);
    assert.equal(ownerOf("web-x"), undefined);
    assert.equal(podOf(w, "web-0")?.metadata.labels?.["statefulset.kubernetes.io/pod-name"], "web-0");
    w.client.edit(PODS, at("web-2"), (draft) => {
      draft.metadata.labels = {};
    });
    await w.settle();
    assert.equal(ownerOf("web-2"), undefined, "released");
    await w.client.delete(PODS, at("web-2"));
    await converge(w);
    assert.equal(ownerOf("web-2"), set.metadata.uid, "made again once the name is free");
  });

  test("leaves its pods alone while it is being deleted", async () => {
    await using w = await world();
    await create(w);
    w.client.edit(STATEFUL_SETS, KEY, (draft) => {
      draft.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
      draft.metadata.finalizers = ["orphan"];
    });
    await converge(w);
    assert.deepEqual(names(w), ["web-0"]);
    assert.equal(status(w)?.readyReplicas, 1);
  });

  test("says in an Event why a pod could not be made, and tries again", async () => {
    await using w = await world();
    let refused = true;
    const { create: original } = w.client;
    w.client.create = (async (type: never, object: never, options: never) => {
      if (type === (PODS as never) && refused) throw forbiddenError(PODS, "web-0", "no room");
      return original.call(w.client, type, object, options);
    }) as typeof original;
    await create(w, { replicas: 1 });
    assert.match(
      w.events()[0] ?? "",
      /^Warning FailedCreate create Pod web-0 in StatefulSet web failed error: .*no room/,
    );
    assert.equal(status(w)?.replicas, 0, "the status tells it all the same");
    refused = false;
    await w.settle(10_000);
    assert.deepEqual(names(w), ["web-0"]);
  });
});

describe("an update of a StatefulSet", () => {
  test("goes from the highest ordinal down, one by one, and becomes the current revision in the end", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    const first = status(w)?.currentRevision;
    const from = w.client.writes.length;
    await change(w, { template: templateOf("b") });
    assert.equal(status(w)?.currentRevision, first);
    assert.notEqual(status(w)?.updateRevision, first);
    await converge(w);
    assert.deepEqual(done(w, from), [
      "delete web-2",
      "create web-2",
      "delete web-1",
      "create web-1",
      "delete web-0",
      "create web-0",
    ]);
    assert.equal(images(w), "bbb");
    assert.equal(status(w)?.currentRevision, status(w)?.updateRevision);
    assert.equal(status(w)?.updatedReplicas, 3);
  });

  test("stops at a pod that does not become ready", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    await change(w, { template: templateOf("b") });
    await w.client.delete(PODS, at("web-2")).catch(() => {});
    w.kubelet.settle();
    await w.settle();
    w.kubelet.run(podOf(w, "web-2")!, false);
    await w.settle();
    assert.equal(images(w), "aab");
    await w.settle(600_000);
    assert.equal(images(w), "aab");
    assert.deepEqual([status(w)?.currentReplicas, status(w)?.updatedReplicas], [2, 1]);
  });

  test("leaves ordinals below the partition alone, and gives them the current revision when they come back", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    const partition = (value: number) => ({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: value } },
    });
    await change(w, { template: templateOf("b"), ...partition(2) });
    await converge(w);
    assert.equal(images(w), "aab");
    for (const name of ["web-0", "web-2"]) await w.client.delete(PODS, at(name));
    await converge(w);
    assert.equal(images(w), "aab");
    assert.notEqual(status(w)?.currentRevision, status(w)?.updateRevision);
    await change(w, partition(0));
    await converge(w);
    assert.equal(images(w), "bbb");
    assert.equal(status(w)?.currentRevision, status(w)?.updateRevision);
  });

  test("waits for its pods to be deleted with OnDelete", async () => {
    await using w = await world();
    await create(w, { updateStrategy: { type: "OnDelete" } });
    await converge(w);
    await change(w, { template: templateOf("b") });
    await converge(w);
    assert.equal(images(w), "aaa");
    await w.client.delete(PODS, at("web-1"));
    await converge(w);
    assert.equal(images(w), "aba");
    assert.equal(status(w)?.updatedReplicas, 1);
  });

  test("back to an earlier template takes the earlier revision, with a new number", async () => {
    await using w = await world();
    await create(w);
    await converge(w);
    const first = status(w)?.currentRevision;
    await change(w, { template: templateOf("b") });
    await converge(w);
    await change(w, { template: templateOf("a") });
    await converge(w);
    assert.equal(status(w)?.currentRevision, first);
    assert.equal(images(w), "aaa");
    const revisions = w.client.all(CONTROLLER_REVISIONS);
    assert.equal(revisions.length, 2);
    assert.equal(revisions.find(({ metadata }) => metadata.name === first)?.revision, 3);
  });

  test("keeps as much history as the limit says, beside what is in use", async () => {
    await using w = await world();
    await create(w, { revisionHistoryLimit: 1 });
    for (const image of ["b", "c", "d"]) {
      await change(w, { template: templateOf(image) });
      await converge(w);
    }
    const numbers = w.client.all(CONTROLLER_REVISIONS).map(({ revision }) => revision);
    assert.deepEqual(numbers, [3, 4]);
  });

  test("takes as many at once as may be unavailable, where the feature is on", async () => {
    await using w = await world(true);
    await create(w, { replicas: 5, podManagementPolicy: "Parallel" });
    await converge(w);
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1, maxUnavailable: "40%" } };
    const from = w.client.writes.length;
    await change(w, { template: templateOf("b"), updateStrategy });
    assert.deepEqual(done(w, from), ["delete web-4", "delete web-3"]);
    await converge(w);
    assert.equal(images(w), "abbbb");
  });

  test("replaces pods that never became available first, where the feature is on", async () => {
    await using w = await world(true);
    await create(w, { replicas: 3, podManagementPolicy: "Parallel" });
    for (const pod of pods(w)) w.kubelet.run(pod, pod.metadata.name === "web-2");
    await w.settle();
    await change(w, { template: templateOf("b") });
    await converge(w);
    assert.equal(images(w), "bbb");
  });
});

describe("claims of a StatefulSet", () => {
  const claimTemplate = {
    metadata: { name: "data", labels: { tier: "db" } },
    spec: { accessModes: ["ReadWriteOnce"] },
  };
  const withClaims = (policy: object = {}) => ({
    replicas: 2,
    volumeClaimTemplates: [claimTemplate],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain", ...policy },
  });
  const claims = (w: TestWorld) => w.client.all(PERSISTENT_VOLUME_CLAIMS);
  const ownersOf = (w: TestWorld, name: string) =>
    claims(w)
      .find(({ metadata }) => metadata.name === name)
      ?.metadata.ownerReferences?.map(({ kind, name: owner }) => `${kind} ${owner}`);

  test("are made before their pod, with its names and the set's labels, and stay when it is scaled down", async () => {
    await using w = await world();
    await create(w, withClaims());
    await converge(w);
    assert.deepEqual(
      claims(w).map(({ metadata }) => [metadata.name, metadata.labels, metadata.ownerReferences]),
      ["data-web-0", "data-web-1"].map((name) => [name, { tier: "db", app: "web" }, undefined]),
    );
    assert.deepEqual(podOf(w, "web-1")?.spec?.volumes, [
      { name: "data", persistentVolumeClaim: { claimName: "data-web-1" } },
    ]);
    const order = w.client.writes.filter((write) => write.startsWith("create p")).slice(0, 2);
    assert.match(order[0] ?? "", /^create persistentvolumeclaims/);
    assert.ok(
      w.events().includes("Normal SuccessfulCreate create Claim data-web-0 Pod web-0 in StatefulSet web success"),
    );
    await change(w, { replicas: 1 });
    await converge(w);
    assert.equal(claims(w).length, 2);
  });

  test("belong to the set when they are to go with it, and lose it when the policy changes", async () => {
    await using w = await world();
    await create(w, withClaims({ whenDeleted: "Delete" }));
    await converge(w);
    assert.deepEqual(ownersOf(w, "data-web-1"), ["StatefulSet web"]);
    await change(w, withClaims());
    await converge(w);
    assert.deepEqual(ownersOf(w, "data-web-1"), []);
    assert.deepEqual(ownersOf(w, "data-web-0"), []);
  });

  test("belong to the pod that is scaled away when they are to go with that, before it is deleted", async () => {
    await using w = await world();
    await create(w, withClaims({ whenScaled: "Delete", whenDeleted: "Delete" }));
    await converge(w);
    assert.deepEqual(ownersOf(w, "data-web-1"), ["StatefulSet web"]);
    await change(w, { replicas: 1 });
    assert.deepEqual(ownersOf(w, "data-web-1"), ["Pod web-1"]);
    assert.deepEqual(ownersOf(w, "data-web-0"), ["StatefulSet web"]);
  });

  test("of a pod that was scaled away keep its successor from starting until they are gone", async () => {
    await using w = await world();
    await create(w, withClaims({ whenScaled: "Delete" }));
    await converge(w);
    await change(w, { replicas: 1 });
    await converge(w);
    await change(w, { replicas: 2 });
    await converge(w);
    assert.deepEqual(names(w), ["web-0"]);
    await w.client.delete(PERSISTENT_VOLUME_CLAIMS, at("data-web-1"));
    await converge(w);
    assert.deepEqual(names(w), ["web-0", "web-1"]);
    assert.equal(ownersOf(w, "data-web-1"), undefined);
  });

  test("that were deleted while their pod is pending are made again", async () => {
    await using w = await world();
    await create(w, withClaims());
    w.client.edit(PODS, at("web-0"), (draft) => {
      draft.status = { phase: "Pending" };
    });
    await w.client.delete(PERSISTENT_VOLUME_CLAIMS, at("data-web-0"));
    await w.settle();
    assert.deepEqual(
      claims(w).map(({ metadata }) => metadata.name),
      ["data-web-0"],
    );
  });

  test("that another controller has are left to it, with an Event", async () => {
    await using w = await world();
    const other = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x", controller: true };
    await w.client.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { ...at("data-web-0"), ownerReferences: [other] },
      spec: { accessModes: ["ReadWriteOnce"] },
    });
    await create(w, withClaims({ whenDeleted: "Delete" }));
    await converge(w);
    assert.deepEqual(ownersOf(w, "data-web-0"), ["ConfigMap x"]);
    assert.ok(
      w.events().some((event) => event.startsWith("Warning ConflictingController PersistentVolumeClaim data-web-0")),
    );
  });
});
