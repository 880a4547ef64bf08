import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom, createScope, silentLog } from "#base";
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  serviceUnavailable,
  type AnyDraft,
  type Pod,
} from "#objects";
import { startScheduler } from "./scheduler.ts";
import { makeNode, makePod } from "./testing/objects.ts";
import { createSchedulerWorld } from "./testing/world.ts";

test("a pod gets a node, and an Event says so", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("web"));
  await world.settle();
  assert.equal(world.nodeOf("web"), "a");
  assert.deepEqual(world.events("web"), ["Scheduled: Successfully assigned default/web to a"]);
  assert.equal(world.scheduler.waiting, 0);
  assert.equal(world.scheduler.binding, 0);
});

test("without nodes a pod waits and says so; a node that comes takes it", async () => {
  await using world = await createSchedulerWorld();
  await world.addPods(makePod("web"));
  await world.settle();
  assert.equal(world.why("web"), "no nodes available to schedule pods");
  assert.deepEqual(world.events("web"), ["FailedScheduling: no nodes available to schedule pods"]);
  await world.addNodes(makeNode("a"));
  await world.settle();
  assert.equal(world.nodeOf("web"), "a");
});

test("pods of other schedulers are left alone", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("other", { spec: { schedulerName: "mine" } }));
  await world.settle();
  assert.equal(world.nodeOf("other"), undefined);
  assert.deepEqual(world.events("other"), []);
});

test("the message counts reasons over nodes, and the status is written once", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(
    makeNode("a"),
    makeNode("b"),
    makeNode("c", { spec: { taints: [{ key: "x", effect: "NoSchedule" }] } }),
  );
  await world.addPods(makePod("full-a", { requests: { cpu: "3" } }), makePod("full-b", { requests: { cpu: "3" } }));
  await world.settle();
  await world.addPods(makePod("big", { requests: { cpu: "2" } }));
  await world.settle();
  const message =
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. " +
    "no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.";
  assert.equal(world.why("big"), message);
  assert.deepEqual(world.events("big"), [`FailedScheduling: ${message}`]);
  const writes = () => world.client.writes.filter((write) => write.includes("pods default/big")).length;
  const before = writes();
  // Tried again, with the same outcome: nothing to write.
  await world.addNodes(makeNode("d", { spec: { unschedulable: true } }));
  await world.settle(400_000);
  assert.equal(world.nodeOf("big"), undefined);
  assert.match(world.why("big") ?? "", /^0\/4 nodes/);
  assert.equal(writes(), before + 1);
});

test("a pod that leaves makes room for one that waits", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a", { allocatable: { pods: "1" } }));
  await world.addPods(makePod("first"));
  await world.settle();
  await world.addPods(makePod("second"));
  await world.settle();
  assert.match(world.why("second") ?? "", /1 Too many pods/);
  world.client.remove(PODS, { namespace: "default", name: "first" });
  await world.settle();
  assert.equal(world.nodeOf("second"), "a");
});

test("gates keep a pod out of the queue until they are gone", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("gated", { spec: { schedulingGates: [{ name: "example.com/wait" }] } }));
  await world.settle();
  assert.equal(world.why("gated"), "Scheduling is blocked due to non-empty scheduling gates");
  assert.equal(world.pod("gated").status?.conditions?.[0]?.reason, "SchedulingGated");
  assert.deepEqual(world.events("gated"), []);
  world.client.edit(PODS, { namespace: "default", name: "gated" }, (draft) => {
    draft["spec"] = { ...(draft["spec"] as object), schedulingGates: [] };
    draft.metadata.generation = 2;
  });
  await world.settle();
  assert.equal(world.nodeOf("gated"), "a");
});

test("a binding that fails is tried again after its back-off, and its room is free meanwhile", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a", { allocatable: { pods: "1" } }));
  let failures = 0;
  world.beforeBinding = () => {
    if (failures++ === 0) throw serviceUnavailable("away");
  };
  await world.addPods(makePod("web"));
  await world.settle(500);
  assert.equal(world.nodeOf("web"), undefined);
  await world.settle(1000);
  assert.equal(world.nodeOf("web"), "a");
});

test("a pod that is deleted while it is bound leaves nothing behind", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a", { allocatable: { pods: "1" } }));
  world.beforeBinding = (pod) => {
    world.beforeBinding = undefined;
    world.client.remove(PODS, { namespace: "default", name: pod.metadata.name ?? "" });
    throw serviceUnavailable("away");
  };
  await world.addPods(makePod("first"));
  await world.settle();
  await world.addPods(makePod("second"));
  await world.settle();
  assert.equal(world.nodeOf("second"), "a");
  assert.equal(world.scheduler.waiting, 0);
});

test("cordoned nodes take nothing until they are uncordoned", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a", { spec: { unschedulable: true } }));
  await world.addPods(makePod("web"));
  await world.settle();
  assert.match(world.why("web") ?? "", /^0\/1 nodes are available: 1 node\(s\) were unschedulable\./);
  world.client.edit(NODES, { namespace: "", name: "a" }, (draft) => {
    draft["spec"] = {};
  });
  await world.settle();
  assert.equal(world.nodeOf("web"), "a");
});

test("a claim that is not there keeps its pod waiting until it is there and bound", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(
    makePod("db", { spec: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] } }),
  );
  await world.settle();
  assert.equal(
    world.why("db"),
    '0/1 nodes are available: persistentvolumeclaim "data" not found. ' +
      "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  );
  const claim = { metadata: { name: "data", namespace: "default" }, spec: { volumeName: "disk" } };
  await world.client.create(PERSISTENT_VOLUME_CLAIMS, claim);
  await world.settle();
  assert.match(world.why("db") ?? "", /pod has unbound immediate PersistentVolumeClaims/);
  await world.client.create(PERSISTENT_VOLUMES, { metadata: { name: "disk" } });
  world.client.edit(PERSISTENT_VOLUME_CLAIMS, { namespace: "default", name: "data" }, (draft) => {
    draft.metadata.annotations = { "pv.kubernetes.io/bind-completed": "yes" };
  });
  await world.settle();
  assert.equal(world.nodeOf("db"), "a");
});

test("pods of one Deployment spread over the nodes", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(...["a", "b", "c"].map((name) => makeNode(name)));
  await world.addPods(
    ...Array.from({ length: 9 }, (_, i) => makePod(`web-${i}`, { requests: { cpu: "100m", memory: "100Mi" } })),
  );
  await world.settle(1000);
  const on = (name: string) => world.client.all(PODS).filter(({ spec }) => spec?.nodeName === name).length;
  assert.deepEqual(["a", "b", "c"].map(on), [3, 3, 3]);
});

test("many pods alike that do not fit all say so, and all go once there is room", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  const names = Array.from({ length: 300 }, (_, i) => `web-${i}`);
  await world.addPods(...names.map((name) => makePod(name, { requests: { cpu: "5" } })));
  await world.settle(500);
  for (const name of names) assert.match(world.why(name) ?? "", /1 Insufficient cpu/);
  await world.addNodes(makeNode("b", { allocatable: { cpu: "2000", pods: "1000" } }));
  await world.settle(500);
  assert.ok(names.every((name) => world.nodeOf(name) === "b"));
});

test("a scheduler that comes later knows what is on the nodes, and what was promised", async () => {
  await using world = await createSchedulerWorld({ schedulerNames: ["another-scheduler"] });
  await world.addNodes(makeNode("a"), makeNode("b", { spec: { unschedulable: true } }));
  await world.addPods(
    makePod("there", { requests: { cpu: "3" }, spec: { nodeName: "a" } }),
    makePod("promised", { requests: { cpu: "4" }, spec: { priority: 5 }, status: { nominatedNodeName: "a" } }),
    makePod("small", { requests: { cpu: "1" } }),
  );
  await world.settle();
  const scope = createScope("second");
  const { client, clock } = world;
  startScheduler({ client, clock, random: createRandom(1), log: silentLog, scope });
  await world.settle();
  assert.equal(world.nodeOf("small"), undefined);
  assert.equal(world.nodeOf("promised"), undefined);
  world.client.remove(PODS, { namespace: "default", name: "there" });
  await world.settle();
  assert.equal(world.nodeOf("promised"), "a");
  await scope.close();
});

test("the overhead of a pod's runtime counts beside what its containers ask for", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("first", { requests: { cpu: "1" }, spec: { overhead: { cpu: "2" } } }));
  await world.settle();
  await world.addPods(makePod("second", { requests: { cpu: "1" }, spec: { overhead: { cpu: "500m" } } }));
  await world.settle();
  assert.match(world.why("second") ?? "", /1 Insufficient cpu/);
  await world.addPods(makePod("third", { requests: { cpu: "1" } }));
  await world.settle();
  assert.equal(world.nodeOf("third"), "a");
});

test("the requests of a pod as a whole count, not those of its containers", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  const whole = (cpu: string) => ({ requests: { cpu: "1" }, spec: { resources: { requests: { cpu } } } });
  await world.addPods(makePod("first", whole("3")));
  await world.settle();
  await world.addPods(makePod("second", whole("2")), makePod("third", { requests: { cpu: "1" } }));
  await world.settle();
  assert.match(world.why("second") ?? "", /1 Insufficient cpu/);
  assert.equal(world.nodeOf("third"), "a");
});

test("while a pod is resized the larger of what it asks for and what it was granted counts", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  const granted = (cpu: string): Pod["status"] => ({
    conditions: [{ type: "PodResizeInProgress", status: "True" }],
    containerStatuses: [
      {
        name: "main",
        image: "app",
        imageID: "",
        ready: true,
        restartCount: 0,
        allocatedResources: { cpu },
        resources: { requests: { cpu } },
      },
    ],
  });
  await world.addPods(makePod("shrinking", { requests: { cpu: "1" }, spec: { nodeName: "a" }, status: granted("3") }));
  await world.settle();
  await world.addPods(makePod("waiting", { requests: { cpu: "2" } }));
  await world.settle();
  assert.match(world.why("waiting") ?? "", /1 Insufficient cpu/);
  world.client.edit(PODS, { namespace: "default", name: "shrinking" }, (draft: AnyDraft) => {
    draft["status"] = { ...granted("1"), conditions: [] };
  });
  await world.settle(2000);
  assert.equal(world.nodeOf("waiting"), "a");
});
