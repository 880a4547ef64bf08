import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { PERSISTENT_VOLUME_CLAIMS, PODS } from "#objects";
import type { TestWorld } from "../testing/world.ts";
import { at, change, converge, create, names, podOf, world } from "./testing/set-world.ts";

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
    assert.ok(!w.client.writes.some((write) => write.startsWith("update persistentvolumeclaims")), "from the start");
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

  test("that are being deleted keep their pod from starting, with an Event", async () => {
    await using w = await world();
    await w.client.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { ...at("data-web-0"), finalizers: ["kubernetes.io/pvc-protection"] },
      spec: { accessModes: ["ReadWriteOnce"] },
    });
    await w.client.delete(PERSISTENT_VOLUME_CLAIMS, at("data-web-0"));
    await create(w, withClaims());
    assert.deepEqual(names(w), []);
    assert.ok(
      w
        .events()
        .includes(
          "Warning FailedCreate create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted",
        ),
    );
    w.client.edit(PERSISTENT_VOLUME_CLAIMS, at("data-web-0"), (draft) => {
      draft.metadata.finalizers = [];
    });
    await w.client.delete(PERSISTENT_VOLUME_CLAIMS, at("data-web-0"));
    await converge(w);
    assert.deepEqual(names(w), ["web-0", "web-1"]);
    assert.equal(claims(w).length, 2);
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
