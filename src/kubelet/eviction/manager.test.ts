import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createScope, silentLog, sleep, type Scope } from "#base";
import { createCaches } from "#client";
import { createSimulatedRuntime } from "#kubelet/simulated";
import { EVENTS, findCondition, NODES, PODS, type Pod } from "#objects";
import { feedPods } from "../feed.ts";
import { startKubelet } from "../kubelet.ts";
import type { NodeDescription } from "../node/describe.ts";
import { WELL } from "../node/health.ts";
import type { DiskUse, NodeStats, Runtime } from "../runtime.ts";
import { createTestWorld, EXACT, type TestWorld } from "../testing/world.ts";
import { container, MACHINE } from "../testing/pods.ts";
import type { Shortage } from "../node/shortage.ts";

const MI = 1 << 20;
const NODE: NodeDescription = {
  name: "small",
  capacity: { cpu: "2", memory: "1Gi", pods: "110", "ephemeral-storage": "10Gi" },
  podCidr: "10.244.9.0/24",
  addresses: [{ type: "InternalIP", address: "192.0.2.9" }],
  info: MACHINE,
};

/** A node on which the test says what is short and what pods use, by their names. */
interface SmallNode {
  readonly world: TestWorld;
  shortages: readonly Shortage[];
  readonly memory: Map<string, number>;
  readonly volumes: Map<string, DiskUse>;
  /** How long looking at a pod's volumes takes, and how often it was done. */
  lookMs: number;
  looks: number;
  /** How often the disks were tidied up, and what is short after that. */
  reclaimed: number;
  afterReclaim: readonly Shortage[] | undefined;
  run(name: string, spec?: Partial<Pod["spec"]>): Promise<void>;
  phase(name: string): Promise<string>;
}

async function smallNode(scope: Scope): Promise<SmallNode> {
  const world = await createTestWorld({ nodes: 0 });
  const { client, clock } = world;
  const random = createRandom(1);
  const common = { client, clock, random, log: silentLog, scope };
  const caches = createCaches(common);
  const [pods, nodes] = [caches.of(PODS), caches.of(NODES)];
  await caches.whenSynced();
  const simulated = createSimulatedRuntime({
    clock,
    random,
    podCidr: NODE.podCidr,
    nodeIp: "192.0.2.9",
    times: EXACT,
  });
  const node: SmallNode = {
    world,
    shortages: [],
    memory: new Map(),
    volumes: new Map(),
    lookMs: 0,
    looks: 0,
    reclaimed: 0,
    afterReclaim: undefined,
    async run(name, spec = {}) {
      await world.run(name, { nodeName: "small", containers: [container("main")], ...spec });
      await world.until(name, (pod) => pod?.status?.phase === "Running");
    },
    phase: async (name) => (await world.pod(name))?.status?.phase ?? "",
  };
  const stats = (): Promise<NodeStats> => {
    const usage = { time: clock.now(), cpuNanoseconds: 0, workingSetBytes: 0 };
    const containers = [...pods.list()].map(({ metadata: { name = "", namespace = "", uid = "" } }) => ({
      ...usage,
      workingSetBytes: node.memory.get(name) ?? 0,
      id: `containerd://${uid}`,
      name: "main",
      namespace,
      pod: name,
      podUid: uid,
    }));
    return Promise.resolve({ node: usage, containers });
  };
  const runtime: Runtime = {
    ...simulated,
    stats,
    logUsage: () => Promise.resolve(new Map()),
    imageStore: {
      list() {
        node.reclaimed++;
        node.shortages = node.afterReclaim ?? node.shortages;
        return Promise.resolve([]);
      },
      remove: () => Promise.resolve(),
      usage: () => Promise.resolve({ capacityBytes: 100, availableBytes: 100 }),
    },
  };
  const kubelet = await startKubelet({
    ...common,
    node: NODE,
    runtime,
    volumes: {
      mount: () => Promise.resolve(),
      update() {},
      mountsOf: () => Promise.resolve([]),
      readFile: () => Promise.resolve(""),
      async usage() {
        node.looks++;
        if (node.lookMs > 0) await sleep(clock, node.lookMs);
        return node.volumes;
      },
      unmount: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    monitor: { health: WELL, subscribe: () => () => {}, look: () => Promise.resolve(node.shortages) },
    currentNode: () => nodes.get("small"),
  });
  feedPods(pods, new Map([["small", kubelet]])).startWith(kubelet);
  return node;
}

const MEMORY: Shortage = { resource: "memory", threshold: "100Mi", available: 50 * MI };
const DISK: Shortage = { resource: "ephemeral-storage", disk: "node", threshold: "1Gi", available: 50 * MI };

/** Runs a test on a node of its own. */
function onSmallNode(name: string, run: (node: SmallNode) => Promise<void>): void {
  test(name, async () => {
    const scope = createScope("test");
    const node = await smallNode(scope);
    try {
      await run(node);
    } finally {
      await scope.close();
      await node.world[Symbol.asyncDispose]();
    }
  });
}

onSmallNode("short of memory, the node evicts one pod at a time, until it has enough", async (node) => {
  const { world, memory } = node;
  for (const name of ["modest", "greedy", "greedier"]) await node.run(name);
  await node.run("critical", { priority: 2_000_000_001 });
  for (const [name, mebibytes] of Object.entries({ modest: 1, greedy: 200, greedier: 300, critical: 900 }))
    memory.set(name, mebibytes * MI);
  node.shortages = [MEMORY];
  const first = await world.until("greedier", (pod) => pod?.status?.phase === "Failed");
  assert.equal(await node.phase("greedy"), "Running", "one at a time");
  const message =
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. " +
    "Container main was using 300Mi, request is 0, has larger consumption of memory. ";
  assert.deepEqual([first?.status?.reason, first?.status?.message], ["Evicted", message]);
  const condition = findCondition(first?.status?.conditions, "DisruptionTarget");
  assert.deepEqual(
    [condition?.status, condition?.reason, condition?.message],
    ["True", "TerminationByKubelet", message],
  );
  assert.ok((await world.events("greedier")).includes(`Warning Evicted ${message}`));
  await world.until("greedy", (pod) => pod?.status?.phase === "Failed");
  node.shortages = [];
  await world.clock.runUntil(() => world.clock.now() > Date.parse(first!.status!.startTime!) + 300_000, 600_000);
  assert.deepEqual([await node.phase("modest"), await node.phase("critical")], ["Running", "Running"]);
  const { items } = await world.client.list(EVENTS, { fieldSelector: "involvedObject.name=small" });
  assert.ok(
    items.some(
      ({ reason, message: text }) => reason === "EvictionThresholdMet" && text === "Attempting to reclaim memory",
    ),
  );
});

onSmallNode("critical pods stay, whatever is short", async (node) => {
  await node.run("critical", { priority: 2_000_000_001 });
  node.memory.set("critical", 900 * MI);
  node.shortages = [MEMORY];
  const { clock } = node.world;
  const until = clock.now() + 120_000;
  await clock.runUntil(() => clock.now() >= until, 600_000);
  assert.equal(await node.phase("critical"), "Running");
});

onSmallNode("under disk pressure, unused images are removed before any pod is evicted", async (node) => {
  const { world } = node;
  await node.run("web");
  const before = node.reclaimed;
  node.afterReclaim = [];
  node.shortages = [DISK];
  await world.clock.runUntil(() => node.reclaimed > before, 600_000);
  assert.equal(await node.phase("web"), "Running");
  node.afterReclaim = undefined;
  node.shortages = [DISK];
  const pod = await world.until("web", (found) => found?.status?.phase === "Failed");
  assert.match(
    pod?.status?.message ?? "",
    /^The node was low on resource: ephemeral-storage\. Threshold quantity: 1Gi/,
  );
});

onSmallNode("a pod whose emptyDir is over its limit goes, though nothing is short", async (node) => {
  const { world, volumes } = node;
  await node.run("writer", { volumes: [{ name: "cache", emptyDir: { sizeLimit: "1Mi" } }] });
  await node.run("other");
  volumes.set("cache", { bytes: 2 * MI, inodes: 1 });
  const pod = await world.until("writer", (found) => found?.status?.phase === "Failed");
  const message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ';
  assert.deepEqual([pod?.status?.reason, pod?.status?.message], ["Evicted", message]);
  assert.equal(findCondition(pod?.status?.conditions, "DisruptionTarget"), undefined, "it is its own doing");
  assert.equal(await node.phase("other"), "Running");
});

for (const { name, lookMs, withinMs } of [
  { name: "found at the next look where looking is quick", lookMs: 0, withinMs: 11_000 },
  { name: "found within upstream's time where looking is slow", lookMs: 5_000, withinMs: 80_000 },
]) {
  onSmallNode(`a pod over its limit is ${name}`, async (node) => {
    const { world, volumes } = node;
    const { clock } = world;
    node.lookMs = lookMs;
    await node.run("writer", { volumes: [{ name: "cache", emptyDir: { sizeLimit: "1Mi" } }] });
    await clock.runUntil(() => node.looks >= 3, 600_000);
    const looks = node.looks;
    volumes.set("cache", { bytes: 2 * MI, inodes: 1 });
    const since = clock.now();
    await world.until("writer", (found) => found?.status?.phase === "Failed");
    assert.ok(clock.now() - since <= withinMs, `${clock.now() - since} ms`);
    assert.ok(node.looks - looks <= 2, `looked ${node.looks - looks} times`);
  });
}

onSmallNode("a critical pod takes the room of others, once they are gone", async (node) => {
  const { world } = node;
  const asking = (cpu: string) => ({ containers: [container("main", { resources: { requests: { cpu } } })] });
  await node.run("victim", asking("1500m"));
  await node.run("bystander", asking("250m"));
  await world.run("vain", { nodeName: "small", ...asking("1") });
  assert.equal((await world.until("vain", (pod) => pod?.status?.phase === "Failed"))?.status?.reason, "OutOfcpu");
  await node.run("critical", { priority: 2_000_000_001, ...asking("1") });
  const victim = await world.pod("victim");
  assert.deepEqual(
    [victim?.status?.phase, victim?.status?.reason, victim?.status?.message],
    ["Failed", "Preempting", "Preempted in order to admit critical pod"],
  );
  const condition = findCondition(victim?.status?.conditions, "DisruptionTarget");
  assert.equal(condition?.message, "Pod was preempted by Kubelet to accommodate a critical pod.");
  const started = (await world.pod("critical"))?.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? "";
  const ended = victim?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? "";
  assert.ok(ended !== "" && ended <= started, `${ended} ${started}`);
  assert.equal(await node.phase("bystander"), "Running");
  await world.run("too-large", { nodeName: "small", priority: 2_000_000_001, ...asking("3") });
  assert.equal((await world.until("too-large", (pod) => pod?.status?.phase === "Failed"))?.status?.reason, "OutOfcpu");
  assert.equal(await node.phase("bystander"), "Running");
});
