import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  conflict,
  CSI_DRIVERS,
  CSI_STORAGE_CAPACITIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  SELECTED_NODE,
  STORAGE_CLASSES,
  type AnyDraft,
} from "#objects";
import { makeNode, makePod } from "../testing/objects.ts";
import { bindAll, bindClaim, makeClaim, makeClaimPod, makeClass, makeVolume } from "../testing/storage.ts";
import { createSchedulerWorld, type SchedulerWorld } from "../testing/world.ts";

async function newWorld(nodes = ["a", "b"], storageClass = makeClass("late")): Promise<SchedulerWorld> {
  const world = await createSchedulerWorld();
  await world.client.create(STORAGE_CLASSES, storageClass);
  await world.addNodes(...nodes.map((name) => makeNode(name)));
  return world;
}

const addClaims = async ({ client }: SchedulerWorld, ...claims: ReturnType<typeof makeClaim>[]) => {
  for (const claim of claims) await client.create(PERSISTENT_VOLUME_CLAIMS, claim);
};
const addVolumes = async ({ client }: SchedulerWorld, ...volumes: ReturnType<typeof makeVolume>[]) => {
  for (const volume of volumes) await client.create(PERSISTENT_VOLUMES, volume);
};
const claimNamed = ({ client }: SchedulerWorld, name: string) =>
  client.all(PERSISTENT_VOLUME_CLAIMS).find(({ metadata }) => metadata.name === name)!;
const holderOf = ({ client }: SchedulerWorld, volume: string) =>
  client.all(PERSISTENT_VOLUMES).find(({ metadata }) => metadata.name === volume)?.spec?.claimRef?.name;
const provisioned = makeClass("late", { provisioner: "example.com/disks" });

test("a pod goes where the smallest volume is that fits its claim, and is bound once the claim is", async () => {
  await using world = await newWorld();
  await addVolumes(world, makeVolume("small", "1Gi", ["b"]), makeVolume("medium", "5Gi", ["b"]));
  await addVolumes(world, makeVolume("large", "9Gi", ["b"]));
  await addClaims(world, makeClaim("data", "2Gi"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.equal(holderOf(world, "medium"), "data");
  const { metadata, spec } = world.client.all(PERSISTENT_VOLUMES).find((one) => one.metadata.name === "medium")!;
  assert.equal(metadata.annotations?.["pv.kubernetes.io/bound-by-controller"], "yes");
  assert.equal(spec?.claimRef?.uid, claimNamed(world, "data").metadata.uid);
  assert.equal(spec?.claimRef?.kind, "PersistentVolumeClaim");
  // It waits for the binder, and tells where it will go.
  assert.equal(world.nodeOf("db"), undefined);
  assert.equal(world.pod("db").status?.nominatedNodeName, "b");
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), "b");
  assert.equal(world.pod("db").status?.nominatedNodeName, undefined);
});

test("two pods that are scheduled one after the other do not take the same volume", async () => {
  await using world = await newWorld(["a"]);
  await addVolumes(world, makeVolume("one"), makeVolume("two"));
  await addClaims(world, makeClaim("first"), makeClaim("second"), makeClaim("third"));
  await world.addPods(...["first", "second", "third"].map((name) => makeClaimPod(name, [name])));
  await world.settle();
  assert.deepEqual(new Set(["one", "two"].map((name) => holderOf(world, name))), new Set(["first", "second"]));
  assert.match(world.why("third") ?? "", /^0\/1 nodes are available: 1 node\(s\) didn't find available persistent /);
});

test("several claims of a pod get different volumes of one node, the smallest claim first", async () => {
  await using world = await newWorld();
  // Node a has room for the larger claim alone: it is not enough.
  await addVolumes(world, makeVolume("a-large", "8Gi", ["a"]), makeVolume("b-large", "8Gi", ["b"]));
  await addVolumes(world, makeVolume("b-small", "2Gi", ["b"]));
  await addClaims(world, makeClaim("large", "4Gi"), makeClaim("small", "1Gi"));
  await world.addPods(makeClaimPod("db", ["large", "small"]));
  await world.settle();
  assert.equal(holderOf(world, "b-small"), "small");
  assert.equal(holderOf(world, "b-large"), "large");
  assert.equal(holderOf(world, "a-large"), undefined);
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), "b");
});

test("a claim that no volume fits keeps its pod waiting until one comes", async () => {
  await using world = await newWorld();
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.equal(
    world.why("db"),
    "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. " +
      "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  );
  await addVolumes(world, makeVolume("late-one", "1Gi", ["b"]));
  await world.settle(2000);
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), "b");
});

test("a claim of a class with a provisioner gets its node told, and the pod waits for the volume", async () => {
  await using world = await newWorld(["a", "b"], provisioned);
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("db", ["data"], { spec: { nodeSelector: { "kubernetes.io/hostname": "b" } } }));
  await world.settle();
  assert.equal(claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE], "b");
  assert.equal(world.nodeOf("db"), undefined);
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), "b");
});

test("pods that wait for their volumes keep no others from being bound", async () => {
  await using world = await newWorld(["a"], provisioned);
  const names = Array.from({ length: 40 }, (_, i) => `db-${i}`);
  world.client.edit(NODES, { namespace: "", name: "a" }, (draft: AnyDraft) => {
    draft["status"] = { allocatable: { cpu: "4", memory: "8Gi", pods: "100" } };
  });
  await addClaims(world, ...names.map((name) => makeClaim(name)));
  await world.addPods(...names.map((name) => makeClaimPod(name, [name])));
  await world.settle();
  await world.addPods(makePod("web"));
  await world.settle();
  assert.equal(world.nodeOf("web"), "a");
  assert.equal(world.scheduler.binding, 40);
});

test("when the provisioner takes the node away, the pod is scheduled anew", async () => {
  await using world = await newWorld(["a", "b"], provisioned);
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  const first = claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE];
  world.client.edit(PERSISTENT_VOLUME_CLAIMS, { namespace: "default", name: "data" }, (draft) => {
    draft.metadata.annotations = {};
  });
  world.client.edit(
    NODES,
    { namespace: "", name: first ?? "" },
    (draft: AnyDraft) => void (draft["spec"] = { unschedulable: true }),
  );
  await world.settle();
  const error = 'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"';
  assert.deepEqual(world.events("db"), [`FailedScheduling: ${error}`]);
  assert.equal(world.why("db"), error);
  assert.equal(world.pod("db").status?.conditions?.[0]?.reason, "SchedulerError");
  assert.equal(world.pod("db").status?.nominatedNodeName, undefined);
  await world.settle(2000);
  const second = claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE];
  assert.notEqual(second, first);
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), second);
});

test("after ten minutes without a volume the pod gives up, and stays with the node that was chosen", async () => {
  await using world = await newWorld(["a", "b"], provisioned);
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle(599_000);
  assert.equal(world.why("db"), undefined);
  const node = claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE];
  await world.settle(2_000);
  assert.equal(world.why("db"), 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded');
  await bindAll(world.client);
  await world.settle(2_000);
  assert.equal(world.nodeOf("db"), node);
});

test("a volume that was bound to another claim meanwhile fails the binding, and the pod takes another one", async () => {
  await using world = await newWorld(["a"]);
  await addVolumes(world, makeVolume("one"), makeVolume("two", "2Gi"));
  await addClaims(world, makeClaim("data"), makeClaim("thief"));
  let stolen = false;
  world.client.before = (verb, type, { name }) => {
    if (verb !== "patch" || type.resource !== "persistentvolumes" || name !== "one" || stolen) return;
    stolen = true;
    throw conflict(PERSISTENT_VOLUMES, "one");
  };
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.match(world.why("db") ?? "", /^running PreBind plugin "VolumeBinding": Operation cannot be fulfilled on /);
  bindClaim(world.client, "thief", "one");
  await world.settle(2000);
  assert.equal(holderOf(world, "two"), "data");
  await bindAll(world.client);
  await world.settle();
  assert.equal(world.nodeOf("db"), "a");
});

test("a volume that a pod gives up is free for the next one at once", async () => {
  await using world = await newWorld(["a"]);
  await addVolumes(world, makeVolume("only"));
  await addClaims(world, makeClaim("first"), makeClaim("second"));
  let failing = true;
  world.client.before = (verb, type) => {
    if (failing && verb === "patch" && type.resource === "persistentvolumes") {
      world.client.remove(PODS, { namespace: "default", name: "first" });
      failing = false;
      throw conflict(PERSISTENT_VOLUMES, "only");
    }
  };
  await world.addPods(makeClaimPod("first", ["first"]), makeClaimPod("second", ["second"]));
  await world.settle(2000);
  assert.equal(holderOf(world, "only"), "second");
});

test("the second pod of a claim goes to the node that was chosen for the first, and waits with it", async () => {
  await using world = await newWorld(["a", "b"], provisioned);
  await addClaims(world, makeClaim("shared"));
  await world.addPods(makeClaimPod("one", ["shared"]), makeClaimPod("two", ["shared"]));
  await world.settle();
  assert.deepEqual(world.events("two"), []);
  await bindAll(world.client);
  await world.settle();
  assert.ok(world.nodeOf("one"));
  assert.equal(world.nodeOf("two"), world.nodeOf("one"));
});

test("a class provisions only where its topologies allow", async () => {
  const allowedTopologies = [{ matchLabelExpressions: [{ key: "zone", values: ["z2", "z3"] }] }];
  await using world = await newWorld([], { ...provisioned, allowedTopologies });
  await world.addNodes(makeNode("a", { labels: { zone: "z1" } }), makeNode("b"));
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.match(world.why("db") ?? "", /2 node\(s\) didn't find available persistent volumes to bind/);
  world.client.edit(STORAGE_CLASSES, { namespace: "", name: "late" }, (draft: AnyDraft) => {
    draft["allowedTopologies"] = [{ matchLabelExpressions: [{ key: "zone", values: ["z1"] }] }];
  });
  await world.settle(2000);
  assert.equal(claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE], "a");
});

test("a driver that tells its capacity is given no claim that it has no room for", async () => {
  await using world = await newWorld(["a", "b"], provisioned);
  await world.client.create(CSI_DRIVERS, { metadata: { name: "example.com/disks" }, spec: { storageCapacity: true } });
  const capacity = (name: string, node: string, parts: { capacity: string; maximumVolumeSize?: string }) => ({
    metadata: { name, namespace: "default" },
    storageClassName: "late",
    nodeTopology: { matchLabels: { "kubernetes.io/hostname": node } },
    ...parts,
  });
  await world.client.create(CSI_STORAGE_CAPACITIES, capacity("a", "a", { capacity: "9Gi", maximumVolumeSize: "1Gi" }));
  await world.client.create(CSI_STORAGE_CAPACITIES, capacity("b", "b", { capacity: "1Gi" }));
  await addClaims(world, makeClaim("data", "2Gi"));
  await world.addPods(makeClaimPod("db", ["data"]));
  await world.settle();
  assert.match(world.why("db") ?? "", /^0\/2 nodes are available: 2 node\(s\) did not have enough free storage\./);
  world.client.edit(CSI_STORAGE_CAPACITIES, { namespace: "default", name: "b" }, (draft: AnyDraft) => {
    draft["capacity"] = "2Gi";
  });
  await world.settle(2000);
  assert.equal(claimNamed(world, "data").metadata.annotations?.[SELECTED_NODE], "b");
});

test("a pod of higher priority gives up one that waits for its volumes: that one is scheduled anew, not deleted", async () => {
  await using world = await newWorld(["a"], provisioned);
  await addClaims(world, makeClaim("data"));
  await world.addPods(makeClaimPod("low", ["data"], { requests: { cpu: "4" }, spec: { priority: 0 } }));
  await world.settle();
  await world.addPods(makePod("high", { requests: { cpu: "4" }, spec: { priority: 10 } }));
  await world.settle(2000);
  assert.equal(world.nodeOf("high"), "a");
  assert.equal(world.pod("low").metadata.deletionTimestamp, undefined);
  assert.match(
    world.events("low").join("\n"),
    /^Preempted: Preempted by pod \S+ on node a \(in kube-scheduler memory\)\.$/m,
  );
  assert.match(world.why("low") ?? "", /1 Insufficient cpu/);
});
