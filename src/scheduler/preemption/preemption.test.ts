import { strict as assert } from "node:assert";
import { test } from "node:test";
import { POD_DISRUPTION_BUDGETS, PODS } from "#objects";
import { makeNode, makePod } from "../testing/objects.ts";
import { createSchedulerWorld, type SchedulerWorld } from "../testing/world.ts";

const cpu = (cores: string, priority: number) => ({ requests: { cpu: cores }, spec: { priority } });
const dying = (world: SchedulerWorld) =>
  world.client
    .all(PODS)
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map(({ metadata }) => metadata.name ?? "")
    .toSorted();
const kill = (world: SchedulerWorld, name: string) => world.client.remove(PODS, { namespace: "default", name });

test("a pod of higher priority drives out the least it needs, and gets the node", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("low", cpu("2", 1)), makePod("lower", cpu("1", 0)), makePod("mid", cpu("1", 5)));
  await world.settle();
  await world.addPods(makePod("high", cpu("1", 10)));
  await world.settle();
  assert.deepEqual(dying(world), ["lower"]);
  const high = world.pod("high");
  assert.equal(high.status?.nominatedNodeName, "a");
  assert.equal(world.why("high"), "0/1 nodes are available: 1 Insufficient cpu.");
  const target = world.pod("lower").status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  assert.equal(target?.reason, "PreemptionByScheduler");
  assert.equal(target?.message, "default-scheduler: preempting to accommodate a higher priority pod");
  assert.ok(world.events("lower").includes(`Preempted: Preempted by pod ${high.metadata.uid} on node a`));
  kill(world, "lower");
  await world.settle();
  assert.equal(world.nodeOf("high"), "a");
  assert.equal(world.pod("high").status?.nominatedNodeName, undefined);
});

test("the room that was made is kept from pods of lower priority", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("low", cpu("4", 0)));
  await world.settle();
  await world.addPods(makePod("high", cpu("4", 10)));
  await world.settle();
  assert.deepEqual(dying(world), ["low"]);
  await world.addPods(makePod("sneaky", cpu("1", 5)));
  kill(world, "low");
  await world.settle();
  assert.equal(world.nodeOf("high"), "a");
  assert.equal(world.nodeOf("sneaky"), undefined);
});

test("the node where the least important pods would have to go is taken", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"), makeNode("b"), makeNode("c"));
  const on = (name: string, priority: number, cores = "4") => ({
    requests: { cpu: cores },
    spec: { priority, nodeName: name },
  });
  await world.addPods(makePod("on-a", on("a", 3)), makePod("on-b", on("b", 2)), makePod("on-c", on("c", 2, "2")));
  await world.addPods(makePod("also-c", on("c", 2, "2")));
  await world.settle();
  await world.addPods(makePod("high", cpu("4", 10)));
  await world.settle();
  assert.deepEqual(dying(world), ["on-b"]);
});

test("pods that a budget protects are spared where possible", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.client.create(POD_DISRUPTION_BUDGETS, {
    metadata: { name: "guard", namespace: "default" },
    spec: { selector: { matchLabels: { app: "db" } } },
  });
  await world.addPods(
    makePod("db", { ...cpu("2", 0), labels: { app: "db" } }),
    makePod("web", { ...cpu("2", 5), labels: { app: "web" } }),
  );
  await world.settle();
  await world.addPods(makePod("high", cpu("2", 10)));
  await world.settle();
  // Of the two, `db` has the lower priority: without its budget it would be the one.
  assert.deepEqual(dying(world), ["web"]);
});

test("a pod with preemptionPolicy Never evicts no pod, and its condition says why it waits", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  await world.addPods(makePod("low", cpu("4", 0)));
  await world.settle();
  await world.addPods(makePod("polite", { requests: { cpu: "1" }, spec: { priority: 9, preemptionPolicy: "Never" } }));
  await world.settle();
  assert.deepEqual(dying(world), []);
  assert.equal(
    world.why("polite"),
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
  );
});

test("while its victims are leaving a pod does not look for more", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"), makeNode("b"));
  await world.addPods(
    makePod("low-a", { requests: { cpu: "4" }, spec: { priority: 0, nodeName: "a" } }),
    makePod("low-b", { requests: { cpu: "4" }, spec: { priority: 1, nodeName: "b" } }),
  );
  await world.settle();
  await world.addPods(makePod("high", cpu("4", 10)));
  await world.settle();
  assert.deepEqual(dying(world), ["low-a"]);
  // Something that can help makes it try again.
  await world.addNodes(makeNode("c", { spec: { unschedulable: true } }));
  await world.settle(20_000);
  assert.deepEqual(dying(world), ["low-a"]);
  assert.match(world.why("high") ?? "", /preemption: not eligible due to a terminating pod on the nominated node\.$/);
});

test("a pod of lower priority is evicted also for its anti-affinity", async () => {
  await using world = await createSchedulerWorld();
  await world.addNodes(makeNode("a"));
  const labelSelector = { matchLabels: { app: "high" } };
  const term = { labelSelector, topologyKey: "kubernetes.io/hostname" };
  await world.addPods(
    makePod("loner", {
      spec: {
        priority: 0,
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
      },
    }),
    makePod("bystander", { spec: { priority: 0 } }),
  );
  await world.settle();
  await world.addPods(makePod("high", { labels: { app: "high" }, spec: { priority: 10 } }));
  await world.settle();
  assert.deepEqual(dying(world), ["loner"]);
});
