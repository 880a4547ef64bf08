import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTime, NODES, PODS, type New, type Node, type Pod } from "#objects";
import { taintEvictionController } from "../taint-eviction/controller.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { nodeLifecycleController } from "./controller.ts";

const HEARTBEAT_MS = 10_000;

/** Nodes whose kubelets can be cut off, with one pod each that tolerates 300 s away. */
async function nodesOf(world: TestWorld, names: readonly string[]) {
  const silent = new Set<string>();
  const { client, clock } = world;
  const beat = (name: string) =>
    client.edit(NODES, { namespace: "", name }, (draft) => {
      const lastHeartbeatTime = formatTime(clock.now());
      draft.status = { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime }] };
    });
  for (const name of names) {
    const node: New<Node> = { metadata: { name } };
    await client.create(NODES, node);
    beat(name);
    const tolerations = ["not-ready", "unreachable"].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    }));
    const pod: New<Pod> = { metadata: { namespace: "a", name }, spec: { containers: [], nodeName: name, tolerations } };
    world.kubelet.run(await client.create(PODS, pod), true);
  }
  return {
    silence: (...which: string[]) => which.forEach((name) => silent.add(name)),
    revive: (...which: string[]) => which.forEach((name) => silent.delete(name)),
    async pass(seconds: number) {
      for (let s = 0; s < seconds * 1000; s += HEARTBEAT_MS) {
        for (const name of names) if (!silent.has(name)) beat(name);
        await world.settle(Math.min(HEARTBEAT_MS, seconds * 1000 - s));
      }
    },
    evicting: () =>
      client
        .all(NODES)
        .filter(({ spec }) => spec?.taints?.some(({ effect }) => effect === "NoExecute"))
        .map(({ metadata }) => metadata.name),
    evicted: () =>
      client
        .all(PODS)
        .filter(({ metadata }) => metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name),
  };
}

const controllers = () => [nodeLifecycleController(), taintEvictionController()];

test("a lost node of several is tainted, and after five minutes its pods go", async () => {
  await using world = await createTestWorld(controllers());
  const nodes = await nodesOf(world, ["n1", "n2", "n3"]);
  await nodes.pass(20);
  nodes.silence("n2");
  await nodes.pass(70);
  assert.deepEqual(nodes.evicting(), ["n2"]);
  const ready = world.client.all(PODS).map(({ status }) => status?.conditions?.[0]?.status);
  assert.deepEqual(ready, ["True", "False", "True"]);
  assert.deepEqual(nodes.evicted(), []);
  await nodes.pass(300);
  assert.deepEqual(nodes.evicted(), ["n2"]);
  nodes.revive("n2");
  await nodes.pass(10);
  assert.deepEqual(nodes.evicting(), []);
});

test("a cluster that loses its only node evicts nothing", async () => {
  await using world = await createTestWorld(controllers());
  const nodes = await nodesOf(world, ["n1"]);
  await nodes.pass(20);
  nodes.silence("n1");
  await nodes.pass(900);
  assert.deepEqual([nodes.evicting(), nodes.evicted()], [[], []]);
  const [node] = world.client.all(NODES);
  assert.deepEqual(
    node?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`),
    ["node.kubernetes.io/unreachable:NoSchedule"],
  );
});

test("when the last nodes fall silent, those tainted before are spared; when one is back, the others have their time anew", async () => {
  await using world = await createTestWorld(controllers());
  const nodes = await nodesOf(world, ["n1", "n2", "n3"]);
  await nodes.pass(20);
  nodes.silence("n1");
  await nodes.pass(200);
  assert.deepEqual(nodes.evicting(), ["n1"]);
  nodes.silence("n2", "n3");
  await nodes.pass(1200);
  assert.deepEqual([nodes.evicting(), nodes.evicted()], [[], []]);
  assert.ok(world.events().includes("Normal TaintManagerEviction Cancelling deletion of Pod a/n1"));
  nodes.revive("n1");
  await nodes.pass(250);
  assert.deepEqual(nodes.evicted(), []);
  assert.deepEqual(nodes.evicting(), ["n2", "n3"]);
  await nodes.pass(150);
  assert.deepEqual(nodes.evicted(), ["n2", "n3"]);
});

test("nodes lost together are tainted one each ten seconds", async () => {
  await using world = await createTestWorld(controllers());
  const names = Array.from({ length: 10 }, (_, n) => `n${n}`);
  const nodes = await nodesOf(world, names);
  await nodes.pass(20);
  nodes.silence(...names.slice(0, 4));
  let seen = 0;
  let most = 0;
  for (let round = 0; round < 15; round++) {
    await nodes.pass(10);
    most = Math.max(most, nodes.evicting().length - seen);
    seen = nodes.evicting().length;
  }
  assert.equal(seen, 4);
  // At most one in ten seconds, and one more at the beginning.
  assert.ok(most <= 2, `${most} in ten seconds`);
});

test("a small cluster of which most is lost evicts nothing", async () => {
  await using world = await createTestWorld(controllers());
  const names = Array.from({ length: 5 }, (_, n) => `n${n}`);
  const nodes = await nodesOf(world, names);
  await nodes.pass(20);
  nodes.silence("n0", "n1", "n2");
  await nodes.pass(900);
  assert.deepEqual([nodes.evicting(), nodes.evicted()], [[], []]);
});

test("Events tell of nodes that come, fall silent and go", async () => {
  await using world = await createTestWorld([nodeLifecycleController()]);
  const nodes = await nodesOf(world, ["n1", "n2"]);
  await nodes.pass(10);
  nodes.silence("n2");
  await nodes.pass(70);
  world.client.remove(NODES, { namespace: "", name: "n2" });
  await world.settle(10_000);
  assert.deepEqual(world.events(), [
    "Normal RegisteredNode Node n1 event: Registered Node n1 in Controller",
    "Normal RegisteredNode Node n2 event: Registered Node n2 in Controller",
    "Normal NodeNotReady Node n2 status is now: NodeNotReady",
    "Warning NodeNotReady Node is not ready",
    "Normal RemovingNode Node n2 event: Removing Node n2 from Controller",
  ]);
});

test("a pod that comes to a node that is not ready is marked as not ready", async () => {
  await using world = await createTestWorld([nodeLifecycleController()]);
  const { client } = world;
  await client.create(NODES, { metadata: { name: "n1" } });
  client.edit(NODES, { namespace: "", name: "n1" }, (draft) => {
    draft.status = { conditions: [{ type: "Ready", status: "False" }] };
  });
  await world.settle(10_000);
  const pod = await client.create(PODS, { metadata: { namespace: "a", name: "p" }, spec: { containers: [] } });
  world.kubelet.run({ ...pod, spec: { containers: [], nodeName: "n1" } }, true);
  await world.settle(1000);
  assert.equal(client.all(PODS)[0]?.status?.conditions?.[0]?.status, "False");
});

test("the labels of old repeat those of today", async () => {
  await using world = await createTestWorld([nodeLifecycleController()]);
  const labels = { "kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64" };
  await world.client.create(NODES, { metadata: { name: "n1", labels } });
  await world.settle();
  assert.deepEqual(world.client.all(NODES)[0]?.metadata.labels, {
    ...labels,
    "beta.kubernetes.io/os": "linux",
    "beta.kubernetes.io/arch": "arm64",
  });
});
