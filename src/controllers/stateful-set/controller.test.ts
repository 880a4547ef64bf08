import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { CONTROLLER_REVISIONS, forbiddenError, PODS, STATEFUL_SETS } from "#objects";
import {
  at,
  change,
  converge,
  create,
  done,
  images,
  KEY,
  labels,
  names,
  podOf,
  pods,
  status,
  templateOf,
  world,
} from "./testing/set-world.ts";

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

  test("to a third template does not count the pods of the second out of those of the first", async () => {
    await using w = await world();
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
    await create(w, { updateStrategy });
    await converge(w);
    await change(w, { template: templateOf("b") });
    await converge(w);
    await change(w, { template: templateOf("c") });
    assert.deepEqual([status(w)?.currentReplicas, status(w)?.updatedReplicas], [1, undefined]);
    await converge(w);
    assert.equal(images(w), "acc");
    assert.deepEqual([status(w)?.currentReplicas, status(w)?.updatedReplicas], [1, 2]);
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
