import assert from "node:assert/strict";
import { test } from "node:test";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  VOLUME_ATTRIBUTES_CLASSES,
  type New,
  type PersistentVolumeClaim,
  type Pod,
} from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { claimProtectionController, classProtectionController, volumeProtectionController } from "./controller.ts";
import { CLAIM_PROTECTION, CLASS_PROTECTION, planClaims, VOLUME_PROTECTION } from "./plan.ts";

const NS = "shop";
const claim = (name: string, more: PersistentVolumeClaim["metadata"] = {}): New<PersistentVolumeClaim> => ({
  metadata: { namespace: NS, name, finalizers: [CLAIM_PROTECTION], ...more },
});
const podWith = (name: string, volumes: NonNullable<Pod["spec"]>["volumes"], nodeName?: string): New<Pod> => ({
  metadata: { namespace: NS, name },
  spec: { containers: [], ...(volumes ? { volumes } : {}), ...(nodeName ? { nodeName } : {}) },
});
const uses = (claimName: string) => [{ name: "data", persistentVolumeClaim: { claimName } }];
const claims = (world: TestWorld) => world.client.all(PERSISTENT_VOLUME_CLAIMS).map(({ metadata }) => metadata.name);
const remove = (world: TestWorld, name: string) =>
  world.client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name });

test("a claim that no pod uses goes when it is deleted", async () => {
  await using world = await createTestWorld([claimProtectionController]);
  await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim("data"));
  await world.settle();
  await remove(world, "data");
  await world.settle();
  assert.deepEqual(claims(world), []);
});

test("a claim in use by a pod on a node stays until the pod is gone, even one that has ended", async () => {
  await using world = await createTestWorld([claimProtectionController]);
  const { client } = world;
  await client.create(PERSISTENT_VOLUME_CLAIMS, claim("data"));
  const pod = await client.create(PODS, podWith("web", uses("data"), "n1"));
  await remove(world, "data");
  await world.settle(60_000);
  assert.deepEqual(claims(world), ["data"]);
  world.kubelet.finish(pod, "Succeeded");
  await world.settle(60_000);
  assert.deepEqual(claims(world), ["data"]);
  client.remove(PODS, { namespace: NS, name: "web" });
  await world.settle();
  assert.deepEqual(claims(world), []);
});

test("a pod that is on no node holds no claim", async () => {
  await using world = await createTestWorld([claimProtectionController]);
  await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim("data"));
  await world.client.create(PODS, podWith("web", uses("data")));
  await remove(world, "data");
  await world.settle();
  assert.deepEqual(claims(world), []);
});

test("of several claims in a namespace only those in use stay, and their pods are asked for once", async () => {
  await using world = await createTestWorld([claimProtectionController]);
  const { client } = world;
  for (const name of ["a", "b", "c"]) await client.create(PERSISTENT_VOLUME_CLAIMS, claim(name));
  await client.create(PODS, podWith("web", uses("b"), "n1"));
  await world.settle();
  let lists = 0;
  client.before = (verb) => void (verb === "list" && lists++);
  for (const name of ["a", "b", "c"]) await remove(world, name);
  await world.settle();
  assert.deepEqual(claims(world), ["b"]);
  assert.ok(lists <= 3, `${lists} lists`);
});

test("a claim of an ephemeral volume is held by the pod that it was made for, until that is shut down", () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: NS, name: "web", uid: "pod-uid" },
    spec: { containers: [], nodeName: "n1", volumes: [{ name: "data", ephemeral: {} }] },
  };
  const made = (uid: string): PersistentVolumeClaim => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...claim("web-data").metadata,
      deletionTimestamp: "2026-01-01T00:00:00Z",
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "web", uid, controller: true }],
    },
  });
  const steps = (one: PersistentVolumeClaim, by: Pod) =>
    planClaims({ claims: [one], pods: [by] }).steps.map(({ type, finalizers }) => [type, finalizers]);
  assert.deepEqual(steps(made("pod-uid"), pod), []);
  assert.deepEqual(steps(made("another"), pod), [["release", []]]);
  const metadata = { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 };
  assert.deepEqual(steps(made("pod-uid"), { ...pod, metadata }), [["release", []]]);
});

test("claims and volumes that were made without a finalizer get it", async () => {
  await using world = await createTestWorld([claimProtectionController, volumeProtectionController]);
  const { client } = world;
  await client.create(PERSISTENT_VOLUME_CLAIMS, claim("old", { finalizers: ["example.org/other"] }));
  await client.create(PERSISTENT_VOLUMES, { metadata: { name: "old" } });
  await world.settle();
  assert.deepEqual(client.all(PERSISTENT_VOLUME_CLAIMS)[0]?.metadata.finalizers, [
    "example.org/other",
    CLAIM_PROTECTION,
  ]);
  assert.deepEqual(client.all(PERSISTENT_VOLUMES)[0]?.metadata.finalizers, [VOLUME_PROTECTION]);
});

test("a volume goes when it is deleted, unless it is bound", async () => {
  await using world = await createTestWorld([volumeProtectionController]);
  const { client } = world;
  const finalizers = [VOLUME_PROTECTION];
  for (const [name, phase] of Object.entries({ free: "Available", bound: "Bound" })) {
    await client.create(PERSISTENT_VOLUMES, { metadata: { name, finalizers } });
    client.edit(PERSISTENT_VOLUMES, { namespace: "", name }, (draft) => {
      draft.status = { phase };
    });
    await client.delete(PERSISTENT_VOLUMES, { namespace: "", name });
  }
  await world.settle();
  assert.deepEqual(
    client.all(PERSISTENT_VOLUMES).map(({ metadata }) => metadata.name),
    ["bound"],
  );
  client.edit(PERSISTENT_VOLUMES, { namespace: "", name: "bound" }, (draft) => {
    draft.status = { phase: "Released" };
  });
  await world.settle();
  assert.deepEqual(client.all(PERSISTENT_VOLUMES), []);
});

test("a class of volume attributes stays while a claim has it, wants it or a volume names it, and goes after the last", async () => {
  await using world = await createTestWorld([classProtectionController]);
  const { client } = world;
  const classes = () => client.all(VOLUME_ATTRIBUTES_CLASSES).map(({ metadata }) => metadata.name);
  const attributesClass = { driverName: "csi.example.com", parameters: { iops: "4000" } };
  for (const name of ["gold", "unused"]) {
    await client.create(VOLUME_ATTRIBUTES_CLASSES, { ...attributesClass, metadata: { name } });
  }
  await client.create(PERSISTENT_VOLUME_CLAIMS, { ...claim("data"), spec: { volumeAttributesClassName: "gold" } });
  await client.create(PERSISTENT_VOLUMES, { metadata: { name: "pv" }, spec: { volumeAttributesClassName: "gold" } });
  await world.settle();
  assert.deepEqual(client.all(VOLUME_ATTRIBUTES_CLASSES)[0]?.metadata.finalizers, [CLASS_PROTECTION]);
  for (const name of ["gold", "unused"]) await client.delete(VOLUME_ATTRIBUTES_CLASSES, { namespace: "", name });
  await world.settle();
  assert.deepEqual(classes(), ["gold"]);
  client.edit(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name: "data" }, (draft) => {
    draft.spec = { volumeAttributesClassName: "silver" };
    draft.status = { currentVolumeAttributesClassName: "gold" };
  });
  client.remove(PERSISTENT_VOLUMES, { namespace: "", name: "pv" });
  await world.settle();
  assert.deepEqual(classes(), ["gold"]);
  client.edit(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name: "data" }, (draft) => {
    draft.status = { currentVolumeAttributesClassName: "silver" };
  });
  await world.settle();
  assert.deepEqual(classes(), []);
});
