import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PERSISTENT_VOLUME_CLAIMS, PODS, type New, type Pod } from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { ephemeralVolumeController } from "./controller.ts";

const NS = "shop";
const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const pod: New<Pod> = {
  metadata: { namespace: NS, name: "web" },
  spec: {
    containers: [],
    volumes: [
      { name: "plain", emptyDir: {} },
      { name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: { labels: { app: "web" } }, spec } } },
    ],
  },
};
const claims = ({ client }: TestWorld) => client.all(PERSISTENT_VOLUME_CLAIMS);

describe("generic ephemeral volumes", () => {
  test("get a claim that is named after pod and volume and is the pod's", async () => {
    await using world = await createTestWorld([ephemeralVolumeController()]);
    const { metadata } = await world.client.create(PODS, pod);
    await world.settle();
    const [made, ...others] = claims(world);
    assert.deepEqual(others, []);
    assert.equal(made?.metadata.name, "web-scratch");
    assert.deepEqual(made?.metadata.labels, { app: "web" });
    assert.deepEqual(made?.spec, spec);
    assert.deepEqual(made?.metadata.ownerReferences, [
      { apiVersion: "v1", kind: "Pod", name: "web", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
    ]);
  });

  test("get it again when it was deleted, as long as the pod is there", async () => {
    await using world = await createTestWorld([ephemeralVolumeController()]);
    await world.client.create(PODS, pod);
    await world.settle();
    const before = claims(world)[0]?.metadata.uid;
    await world.client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name: "web-scratch" });
    await world.settle();
    assert.equal(claims(world).length, 1);
    assert.notEqual(claims(world)[0]?.metadata.uid, before);
  });

  test("never take a claim that is another's, and say so; once it is gone they get their own", async () => {
    await using world = await createTestWorld([ephemeralVolumeController()]);
    await world.client.create(PERSISTENT_VOLUME_CLAIMS, { metadata: { namespace: NS, name: "web-scratch" }, spec });
    await world.settle();
    const { metadata } = await world.client.create(PODS, pod);
    await world.settle();
    assert.ok(
      world
        .events()
        .includes(
          "Warning FailedBinding ephemeral volume scratch: PVC shop/web-scratch was not created for pod shop/web (pod is not owner)",
        ),
    );
    await world.client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name: "web-scratch" });
    await world.settle(60_000);
    assert.equal(claims(world)[0]?.metadata.ownerReferences?.[0]?.uid, metadata.uid);
  });
});
