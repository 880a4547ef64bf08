import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createScope, silentLog } from "#base";
import { createRecorder } from "#client";
import { EVENTS, forbiddenError, LEASES, NODES, serviceUnavailable, type Node } from "#objects";
import { MACHINE } from "../testing/pods.ts";
import { createTestWorld } from "../testing/world.ts";
import { startNodeAgent } from "./agent.ts";
import type { NodeDescription } from "./describe.ts";
import { WELL, type NodeHealth, type NodeMonitor } from "./health.ts";

const description: NodeDescription = {
  name: "n1",
  capacity: { cpu: "2", memory: "4Gi", pods: "110" },
  allocatable: { cpu: "1", memory: "3Gi", pods: "110" },
  addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
  podCidr: "10.244.7.0/24",
  info: MACHINE,
};

/** A monitor whose answers the test sets. */
function createFakeMonitor(start: NodeHealth): NodeMonitor & { become(health: NodeHealth): void } {
  const listeners = new Set<() => void>();
  let health = start;
  return {
    get health() {
      return health;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    become(next) {
      health = next;
      for (const listener of listeners) listener();
    },
  };
}

test("a node's conditions follow its monitor at once, and Events report each change", async () => {
  await using world = await createTestWorld();
  const { client, clock } = world;
  const random = createRandom(2);
  const scope = createScope("agent");
  const log = silentLog;
  const monitor = createFakeMonitor({ ...WELL, problems: ["container runtime is down"] });
  let runtimeVersion = "containerd://1.6.20";
  let unschedulable = false;
  const agent = await startNodeAgent({
    description,
    currentNode: () => ({ ...agent.node, spec: { unschedulable } }),
    client,
    recorder: createRecorder({ client, component: "kubelet", host: "n1", clock, random, log, scope }),
    state: () => ({ health: monitor.health, images: [], runtimeVersion }),
    monitor,
    clock,
    random,
    log,
    scope,
  });
  const read = async () => {
    const node = await client.get(NODES, { namespace: "", name: "n1" });
    const conditions = node.status?.conditions ?? [];
    return {
      held: conditions.filter(({ status }) => status === "True").map(({ type }) => type),
      version: node.status?.nodeInfo?.containerRuntimeVersion,
      allocatable: node.status?.allocatable,
    };
  };
  assert.deepEqual(await read(), {
    held: [],
    version: "containerd://1.6.20",
    allocatable: { cpu: "1", memory: "3Gi", pods: "110" },
  });

  runtimeVersion = "containerd://1.7.0";
  monitor.become(WELL);
  await clock.advance(1000);
  assert.deepEqual((await read()).held, ["Ready"]);
  assert.equal((await read()).version, "containerd://1.7.0");
  monitor.become({ ...WELL, memoryPressure: true });
  await clock.advance(1000);
  assert.deepEqual((await read()).held, ["MemoryPressure", "Ready"]);

  unschedulable = true;
  await clock.advance(10_000);
  unschedulable = false;
  await clock.advance(20_000);
  const { items } = await client.list(EVENTS, { namespace: "default", fieldSelector: "involvedObject.name=n1" });
  const told = items.map(({ type, reason, message }) => `${type} ${reason} ${message}`).sort();
  assert.deepEqual(told, [
    "Normal NodeHasInsufficientMemory Node n1 status is now: NodeHasInsufficientMemory",
    "Normal NodeHasNoDiskPressure Node n1 status is now: NodeHasNoDiskPressure",
    "Normal NodeHasSufficientMemory Node n1 status is now: NodeHasSufficientMemory",
    "Normal NodeHasSufficientPID Node n1 status is now: NodeHasSufficientPID",
    "Normal NodeNotSchedulable Node n1 status is now: NodeNotSchedulable",
    "Normal NodeReady Node n1 status is now: NodeReady",
    "Normal NodeSchedulable Node n1 status is now: NodeSchedulable",
    "Normal Starting Starting kubelet.",
  ]);
  assert.deepEqual(items[0]?.involvedObject, { kind: "Node", name: "n1", uid: "n1" });
  await scope.close();
  const { pending } = clock;
  agent.imagesChanged();
  assert.equal(clock.pending, pending, "who has stopped sets no timer");
  monitor.become(WELL);
  await clock.advance(1000);
  assert.deepEqual((await read()).held, ["MemoryPressure", "Ready"], "who has stopped says nothing more");
});

test("a Node that is deleted gets no lease, and one made anew by a client gets a lease of its own and its status", async () => {
  await using world = await createTestWorld();
  const { client, clock } = world;
  const scope = createScope("agent");
  const key = { namespace: "", name: "n1" };
  const lease = { namespace: "kube-node-lease", name: "n1" };
  const random = createRandom(2);
  let current: Node | undefined;
  await startNodeAgent({
    description,
    currentNode: () => current,
    client,
    recorder: createRecorder({ client, component: "kubelet", host: "n1", clock, random, log: silentLog, scope }),
    state: () => ({ health: WELL, images: [], runtimeVersion: "containerd://1.6.20" }),
    clock,
    random,
    log: silentLog,
    scope,
  });
  await client.delete(NODES, key);
  await client.delete(LEASES, lease);
  await clock.advance(40_000);
  await assert.rejects(client.get(LEASES, lease), { reason: "NotFound" });

  current = await client.create(NODES, { metadata: { name: "n1" } });
  await clock.advance(20_000);
  const { uid } = current.metadata;
  const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid };
  assert.deepEqual((await client.get(LEASES, lease)).metadata.ownerReferences, [owner]);
  const { conditions = [] } = (await client.get(NODES, key)).status ?? {};
  assert.deepEqual(
    conditions.filter(({ status }) => status === "True").map(({ type }) => type),
    ["Ready"],
  );
  await scope.close();
});

test("a node registers although the API cannot answer at first, and is refused for good where asking again is no use", async () => {
  await using world = await createTestWorld();
  const { client, clock } = world;
  const scope = createScope("agent");
  const common = { clock, random: createRandom(2), log: silentLog, scope };
  const refusing = (refusals: Error[]): typeof client =>
    Object.create(client, {
      create: {
        value: (...args: Parameters<typeof client.create>) => {
          const refusal = refusals.shift();
          return refusal ? Promise.reject(refusal) : client.create(...args);
        },
      },
    }) as typeof client;
  const start = (through: typeof client, name: string) =>
    startNodeAgent({
      ...common,
      client: through,
      description: { ...description, name },
      recorder: createRecorder({ ...common, client: through, component: "kubelet", host: name }),
      state: () => ({ health: WELL, images: [], runtimeVersion: "containerd://1" }),
    });

  const advancing = clock.autoAdvance();
  const agent = await start(refusing([serviceUnavailable("the disk is full"), new Error("connection refused")]), "n2");
  assert.equal(agent.node.metadata.name, "n2");
  await assert.rejects(
    start(refusing([forbiddenError({ group: "", resource: "nodes" }, "n3", "no")]), "n3"),
    /forbidden/,
  );
  advancing.stop();
  await scope.close();
});
