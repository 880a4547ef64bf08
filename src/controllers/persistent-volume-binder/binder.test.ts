import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  type New,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { persistentVolumeBinder } from "./controller.ts";

const NS = "shop";

type VolumeSpec = NonNullable<PersistentVolume["spec"]>;
type ClaimSpec = NonNullable<PersistentVolumeClaim["spec"]>;

const volume = (name: string, storage: string, spec: VolumeSpec = {}, annotations?: Record<string, string>) =>
  ({
    metadata: { name, ...(annotations ? { annotations } : {}) },
    spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], persistentVolumeReclaimPolicy: "Retain", ...spec },
    status: { phase: "Pending" },
  }) as New<PersistentVolume>;

const claim = (name: string, storage: string, spec: ClaimSpec = {}) =>
  ({
    metadata: { namespace: NS, name },
    spec: { resources: { requests: { storage } }, accessModes: ["ReadWriteOnce"], ...spec },
    status: { phase: "Pending" },
  }) as New<PersistentVolumeClaim>;

const createWorld = () => createTestWorld([persistentVolumeBinder()]);
const addVolume = ({ client }: TestWorld, one: New<PersistentVolume>) => client.create(PERSISTENT_VOLUMES, one);
const addClaim = ({ client }: TestWorld, one: New<PersistentVolumeClaim>) =>
  client.create(PERSISTENT_VOLUME_CLAIMS, one);

/** How everything stands: `big → data Bound` and `data → big Bound`. */
function states({ client }: TestWorld): string[] {
  return [
    ...client
      .all(PERSISTENT_VOLUMES)
      .map(({ metadata, spec, status }) => `${metadata.name} → ${spec?.claimRef?.name ?? "-"} ${status?.phase}`),
    ...client
      .all(PERSISTENT_VOLUME_CLAIMS)
      .map(({ metadata, spec, status }) => `${metadata.name} → ${spec?.volumeName ?? "-"} ${status?.phase}`),
  ];
}

describe("the binder", () => {
  test("binds a claim to the smallest volume that fits, and says so on both sides", async () => {
    await using world = await createWorld();
    await addVolume(world, volume("big", "10Gi"));
    await addVolume(world, volume("small", "5Gi"));
    await addVolume(world, volume("tiny", "1Gi"));
    await world.settle();
    await addClaim(world, claim("data", "3Gi"));
    await world.settle();
    assert.deepEqual(states(world), [
      "big → - Available",
      "small → data Bound",
      "tiny → - Available",
      "data → small Bound",
    ]);
    const [bound] = world.client.all(PERSISTENT_VOLUME_CLAIMS);
    assert.deepEqual(bound?.metadata.annotations, {
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes",
    });
    assert.deepEqual(bound?.status, { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "5Gi" } });
  });

  test("gives every one of many claims that come at once a volume of its own", async () => {
    await using world = await createWorld();
    const numbers = Array.from({ length: 50 }, (_, at) => at);
    for (const at of numbers) await addVolume(world, volume(`v${at}`, "1Gi"));
    await world.settle();
    await Promise.all(numbers.map((at) => addClaim(world, claim(`c${at}`, "1Gi"))));
    await world.settle(1000);
    const bound = world.client.all(PERSISTENT_VOLUME_CLAIMS).map(({ spec }) => spec?.volumeName);
    assert.equal(new Set(bound).size, 50);
    for (const one of world.client.all(PERSISTENT_VOLUMES)) {
      const key = `${NS}/${one.spec?.claimRef?.name}`;
      assert.equal(
        world.client.all(PERSISTENT_VOLUME_CLAIMS).find((c) => `${NS}/${c.metadata.name}` === key)?.spec?.volumeName,
        one.metadata.name,
      );
    }
  });

  test("binds a claim that waited as soon as a volume comes that fits it", async () => {
    await using world = await createWorld();
    await addClaim(world, claim("data", "3Gi"));
    await world.settle();
    assert.deepEqual(world.events(), [
      "Normal FailedBinding no persistent volumes available for this claim and no storage class is set",
    ]);
    await addVolume(world, volume("tiny", "1Gi"));
    await addVolume(world, volume("big", "10Gi"));
    await world.settle();
    assert.deepEqual(states(world), ["tiny → - Available", "big → data Bound", "data → big Bound"]);
  });

  test("as many of the claims that wait are bound as there come volumes", async () => {
    await using world = await createWorld();
    for (const name of ["a", "b", "c"]) await addClaim(world, claim(name, "1Gi"));
    await world.settle();
    await Promise.all(["x", "y", "z"].map((name) => addVolume(world, volume(name, "1Gi"))));
    await world.settle(5000);
    assert.deepEqual(
      world.client.all(PERSISTENT_VOLUME_CLAIMS).map(({ status }) => status?.phase),
      ["Bound", "Bound", "Bound"],
    );
  });

  test("a volume that the user keeps for a claim waits for it and stays kept when the claim goes", async () => {
    await using world = await createWorld();
    await addVolume(world, volume("mine", "10Gi", { claimRef: { namespace: NS, name: "data" } }));
    await addVolume(world, volume("small", "1Gi"));
    await world.settle();
    await addClaim(world, claim("other", "5Gi"));
    await world.settle();
    assert.deepEqual(states(world), ["mine → data Available", "small → - Available", "other → - Pending"]);
    await addClaim(world, claim("data", "1Gi"));
    await world.settle();
    const mine = world.client.all(PERSISTENT_VOLUMES).find(({ metadata }) => metadata.name === "mine");
    assert.equal(mine?.status?.phase, "Bound");
    assert.equal(mine?.metadata.annotations, undefined, "the user has bound it, not the controller");
  });

  test("a claim that names a volume which is kept for another does not hold it back", async () => {
    await using world = await createWorld();
    await addClaim(world, claim("greedy", "1Gi", { volumeName: "mine" }));
    await addClaim(world, claim("data", "1Gi"));
    await world.settle();
    await addVolume(world, volume("mine", "1Gi", { claimRef: { namespace: NS, name: "data" } }));
    await world.settle();
    assert.deepEqual(states(world), ["mine → data Bound", "greedy → mine Pending", "data → mine Bound"]);
    assert.ok(world.events().includes('Warning FailedBinding volume "mine" already bound to a different claim.'));
  });

  test("tells why a volume that the claim names will not do", async () => {
    await using world = await createWorld();
    await addVolume(world, volume("v", "1Gi"));
    await addClaim(world, claim("data", "2Gi", { volumeName: "v" }));
    await addClaim(world, claim("late", "2Gi", { volumeName: "none" }));
    await world.settle();
    assert.deepEqual(world.events(), [
      'Warning VolumeMismatch Cannot bind to requested volume "v": requested PV is too small',
    ]);
    await addVolume(world, volume("none", "2Gi"));
    await world.settle();
    assert.deepEqual(states(world).slice(2), ["data → v Pending", "late → none Bound"]);
  });

  test("a volume whose claim is gone is released, and fails where nothing can delete it", async () => {
    await using world = await createWorld();
    await addVolume(world, volume("kept", "1Gi"));
    await addVolume(world, volume("gone", "2Gi", { persistentVolumeReclaimPolicy: "Delete" }));
    await addVolume(world, volume("old", "3Gi", { persistentVolumeReclaimPolicy: "Recycle" }));
    await world.settle();
    for (const [name, size] of [
      ["a", "1Gi"],
      ["b", "2Gi"],
      ["c", "3Gi"],
    ] as const)
      await addClaim(world, claim(name, size));
    await world.settle();
    for (const name of ["a", "b", "c"]) await world.client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: NS, name });
    await world.settle();
    assert.deepEqual(states(world), ["kept → a Released", "gone → b Failed", "old → c Failed"]);
    assert.deepEqual(world.events().toSorted(), [
      'Warning VolumeFailedDelete error getting deleter volume plugin for volume "gone": no deletable volume plugin matched',
      "Warning VolumeFailedRecycle No recycler plugin found for the volume!",
    ]);
  });

  test("a claim whose volume is deleted under it is lost", async () => {
    await using world = await createWorld();
    await addVolume(world, volume("v", "1Gi"));
    await addClaim(world, claim("data", "1Gi"));
    await world.settle();
    await world.client.delete(PERSISTENT_VOLUMES, { namespace: "", name: "v" });
    await world.settle();
    assert.deepEqual(states(world), ["data → v Lost"]);
    assert.deepEqual(world.events().slice(-1), [
      "Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    ]);
  });
});

describe("a claim with a class", () => {
  const addClass = ({ client }: TestWorld, name: string, volumeBindingMode: string, annotations = {}) =>
    client.create(STORAGE_CLASSES, { metadata: { name, annotations }, provisioner: "a.b/c", volumeBindingMode });

  test("that does not exist is told, and provisioned once it does", async () => {
    await using world = await createWorld();
    await addClaim(world, claim("data", "1Gi", { storageClassName: "fast" }));
    await world.settle();
    await addClass(world, "fast", "Immediate");
    await world.settle();
    const waiting =
      "Waiting for a volume to be created either by the external provisioner 'a.b/c' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
    assert.deepEqual(world.events(), [
      'Warning ProvisioningFailed storageclass.storage.k8s.io "fast" not found',
      `Normal ExternalProvisioning ${waiting}`,
    ]);
    const [asking] = world.client.all(PERSISTENT_VOLUME_CLAIMS);
    assert.deepEqual(asking?.metadata.annotations, {
      "volume.beta.kubernetes.io/storage-provisioner": "a.b/c",
      "volume.kubernetes.io/storage-provisioner": "a.b/c",
    });
  });

  test("that waits for its first consumer gets no free volume, but one that is kept for it", async () => {
    await using world = await createWorld();
    await addClass(world, "late", "WaitForFirstConsumer");
    await addVolume(world, volume("free", "1Gi", { storageClassName: "late" }));
    await world.settle();
    await addClaim(world, claim("data", "1Gi", { storageClassName: "late" }));
    await world.settle();
    assert.deepEqual(states(world), ["free → - Available", "data → - Pending"]);
    assert.deepEqual(world.events(), [
      "Normal WaitForFirstConsumer waiting for first consumer to be created before binding",
    ]);
    await addVolume(
      world,
      volume("kept", "1Gi", { storageClassName: "late", claimRef: { namespace: NS, name: "data" } }),
    );
    await world.settle();
    assert.deepEqual(states(world).slice(1), ["kept → data Bound", "data → kept Bound"]);
  });

  test("is given to one that names none as soon as there is a default", async () => {
    await using world = await createWorld();
    await addClaim(world, claim("data", "1Gi"));
    await addClaim(world, claim("none", "1Gi", { storageClassName: "" }));
    await world.settle();
    await addClass(world, "usual", "WaitForFirstConsumer", { "storageclass.kubernetes.io/is-default-class": "true" });
    await world.settle();
    assert.deepEqual(
      world.client.all(PERSISTENT_VOLUME_CLAIMS).map(({ spec }) => spec?.storageClassName),
      ["usual", ""],
    );
  });
});
