import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  CSI_NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  type AnyDraft,
  type PersistentVolume,
  type Volume,
} from "#objects";
import { makeNode, makePod } from "../testing/objects.ts";
import { bindClaim, makeClaim, makeClaimPod, makeClass, makeVolume } from "../testing/storage.ts";
import { createSchedulerWorld, type SchedulerWorld } from "../testing/world.ts";

/** A claim that is bound to a volume of its own. */
async function addBound(world: SchedulerWorld, name: string, claim = makeClaim(name), volume?: PersistentVolume) {
  await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim);
  const made = volume ?? makeVolume(`volume-${name}`);
  await world.client.create(PERSISTENT_VOLUMES, made);
  bindClaim(world.client, name, made.metadata.name ?? "");
}

const csi = (driver: string, volumeHandle: string) => ({ csi: { driver, volumeHandle } });

const csiNode = (name: string, drivers: Record<string, number | undefined>) => ({
  metadata: { name },
  spec: {
    drivers: Object.entries(drivers).map(([driver, count]) => ({
      name: driver,
      nodeID: name,
      ...(count === undefined ? {} : { allocatable: { count } }),
    })),
  },
});

test("a bound volume is used only where it can be reached", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"), makeNode("b"));
  await addBound(world, "data", makeClaim("data"), makeVolume("disk", "1Gi", ["c"]));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.match(
    world.why("db") ?? "",
    /^0\/2 nodes are available: 2 node\(s\) didn't match PersistentVolume's node affinity\./,
  );
  await world.addNodes(makeNode("c"));
  await world.settle(2000);
  assert.equal(world.nodeOf("db"), "c");
});

test("a volume in a zone is used only in that zone, whichever of the two labels names it", async () => {
  await using world = await createSchedulerWorld();
  const zone = (name: string) => ({ "topology.kubernetes.io/zone": name });
  await world.addNodes(makeNode("a", { labels: zone("z1") }), makeNode("b", { labels: zone("z3") }));
  const labels = { "failure-domain.beta.kubernetes.io/zone": "z2__z3" };
  const volume = makeVolume("disk");
  await addBound(world, "data", makeClaim("data"), { ...volume, metadata: { ...volume.metadata, labels } });
  await world.addPods(
    makeClaimPod("right", ["data"]),
    makeClaimPod("wrong", ["data"], { spec: { nodeSelector: { "kubernetes.io/hostname": "a" } } }),
  );
  await world.settle();
  assert.equal(world.nodeOf("right"), "b");
  assert.match(world.why("wrong") ?? "", /1 node\(s\) had no available volume zone/);
});

test("a ReadWriteOncePod claim is given to one pod at a time, and to the next when that one is gone", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"), makeNode("b"));
  await addBound(world, "data", makeClaim("data", "1Gi", { accessModes: ["ReadWriteOncePod"] }));
  await world.addPods(makeClaimPod("first", ["data"]), makeClaimPod("second", ["data"]));
  await world.settle();
  assert.match(
    world.why("second") ?? "",
    /2 node\(s\) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod/,
  );
  world.client.remove(PODS, { namespace: "default", name: "first" });
  await world.settle(2000);
  assert.ok(world.nodeOf("second"));
});

test("a pod of higher priority drives out the one that holds its ReadWriteOncePod claim", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"), makeNode("b"));
  await addBound(world, "data", makeClaim("data", "1Gi", { accessModes: ["ReadWriteOncePod"] }));
  await world.addPods(makePod("bystander"), makeClaimPod("low", ["data"]));
  await world.settle();
  const node = world.nodeOf("low");
  await world.addPods(makeClaimPod("high", ["data"], { spec: { priority: 10 } }));
  await world.settle();
  assert.ok(world.pod("low").metadata.deletionTimestamp);
  assert.equal(world.pod("bystander").metadata.deletionTimestamp, undefined);
  assert.equal(world.pod("high").status?.nominatedNodeName, node);
  world.client.remove(PODS, { namespace: "default", name: "low" });
  await world.settle(2000);
  assert.equal(world.nodeOf("high"), node);
});

test("disks that one node cannot give to several pods keep pods apart, unless all of them only read", async () => {
  const gce = (readOnly: boolean) => ({ gcePersistentDisk: { pdName: "d", readOnly } });
  const rbd = (monitors: string[], readOnly = false) => ({ rbd: { monitors, image: "i", pool: "p", readOnly } });
  const iscsi = (iqn: string, readOnly = false) => ({ iscsi: { iqn, lun: 0, targetPortal: "t", readOnly } });
  const aws = { awsElasticBlockStore: { volumeID: "v", readOnly: true } };
  const cases: readonly (readonly [Omit<Volume, "name">, Omit<Volume, "name">, boolean])[] = [
    [gce(false), gce(true), false],
    [gce(true), gce(true), true],
    [aws, aws, false],
    [rbd(["m1", "m2"]), rbd(["m2"]), false],
    [rbd(["m1"]), rbd(["m2"]), true],
    [rbd(["m1"], true), rbd(["m1"], true), true],
    [iscsi("q"), iscsi("q", true), false],
    [iscsi("q"), iscsi("r"), true],
    [gce(false), aws, true],
  ];
  for (const [first, second, together] of cases) {
    await using world = await createSchedulerWorld();
    await world.addNodes(makeNode("a"));
    const disk = (volume: Omit<Volume, "name">) => ({ spec: { volumes: [{ name: "disk", ...volume }] } });
    await world.addPods(makePod("first", disk(first)), makePod("second", disk(second)));
    await world.settle();
    assert.equal(world.nodeOf("second") !== undefined, together, JSON.stringify([first, second]));
    if (together) continue;
    assert.match(world.why("second") ?? "", /1 node\(s\) had no available disk/);
    world.client.remove(PODS, { namespace: "default", name: "first" });
    await world.settle(2000);
    assert.equal(world.nodeOf("second"), "a");
  }
});

test("a node takes no more volumes of a driver than its CSINode says, each counted once", async () => {
  await using world = await createSchedulerWorld();
  await world.client.create(CSI_NODES, csiNode("a", { "one.io": 2, "other.io": undefined }));
  await world.addNodes(makeNode("a"));
  for (const name of ["v1", "v2", "v3"]) {
    await addBound(world, name, makeClaim(name), makeVolume(`pv-${name}`, "1Gi", undefined, csi("one.io", name)));
  }
  await addBound(world, "other", makeClaim("other"), makeVolume("pv-other", "1Gi", undefined, csi("other.io", "v1")));
  await world.addPods(makeClaimPod("one", ["v1", "other"]), makeClaimPod("again", ["v1"]), makeClaimPod("two", ["v2"]));
  await world.settle();
  await world.addPods(makeClaimPod("three", ["v3"]));
  await world.settle();
  assert.ok(["one", "again", "two"].every((name) => world.nodeOf(name) === "a"));
  assert.match(world.why("three") ?? "", /^0\/1 nodes are available: 1 node\(s\) exceed max volume count\./);
  world.client.edit(CSI_NODES, { namespace: "", name: "a" }, (draft: AnyDraft) => {
    draft["spec"] = csiNode("a", { "one.io": 3 }).spec;
  });
  await world.settle(2000);
  assert.equal(world.nodeOf("three"), "a");
});

test("volumes that are still attached to a node count, and make room when they are detached", async () => {
  await using world = await createSchedulerWorld();
  await world.client.create(CSI_NODES, csiNode("a", { "one.io": 1 }));
  await world.addNodes(makeNode("a"));
  const volume = (name: string) => makeVolume(`pv-${name}`, "1Gi", undefined, csi("one.io", name));
  await addBound(world, "v1", makeClaim("v1"), volume("v1"));
  await addBound(world, "v2", makeClaim("v2"), volume("v2"));
  const source = { persistentVolumeName: "pv-v1" };
  await world.client.create(VOLUME_ATTACHMENTS, {
    metadata: { name: "csi-1" },
    spec: { attacher: "one.io", nodeName: "a", source },
  });
  await world.addPods(makeClaimPod("same", ["v1"]), makeClaimPod("next", ["v2"]));
  await world.settle();
  assert.equal(world.nodeOf("same"), "a");
  assert.match(world.why("next") ?? "", /exceed max volume count/);
  world.client.remove(PODS, { namespace: "default", name: "same" });
  await world.settle(2000);
  assert.equal(world.nodeOf("next"), undefined);
  world.client.remove(VOLUME_ATTACHMENTS, { namespace: "", name: "csi-1" });
  await world.settle(10_000);
  assert.equal(world.nodeOf("next"), "a");
});

test("claims that get a new volume on the node count, too", async () => {
  await using world = await createSchedulerWorld();
  await world.client.create(STORAGE_CLASSES, makeClass("late", { provisioner: "one.io" }));
  await world.client.create(CSI_NODES, csiNode("a", { "one.io": 1 }));
  await world.addNodes(makeNode("a"));
  for (const name of ["c1", "c2"]) await world.client.create(PERSISTENT_VOLUME_CLAIMS, makeClaim(name));
  await world.addPods(makeClaimPod("both", ["c1", "c2"]), makeClaimPod("one", ["c1"]));
  await world.settle();
  assert.match(world.why("both") ?? "", /1 node\(s\) exceed max volume count/);
  assert.equal(world.pod("one").status?.nominatedNodeName, "a");
});
