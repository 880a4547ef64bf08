import assert from "node:assert/strict";
import { test } from "node:test";
import { NODES, PODS, type New, type Pod } from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { podGarbageCollector } from "./controller.ts";

const pod = (name: string, nodeName?: string): New<Pod> => ({
  metadata: { namespace: "a", name },
  spec: { containers: [], ...(nodeName ? { nodeName } : {}) },
});
const names = ({ client }: TestWorld) => client.all(PODS).map(({ metadata }) => metadata.name);

test("the pods of a node that is gone go 40 s after it was missed", async () => {
  await using world = await createTestWorld([podGarbageCollector()], async (client) => {
    await client.create(NODES, { metadata: { name: "there" } });
    await client.create(PODS, pod("kept", "there"));
    await client.create(PODS, pod("orphan", "gone"));
  });
  await world.settle(39_000);
  assert.deepEqual(names(world), ["kept", "orphan"]);
  await world.settle(2_000);
  assert.deepEqual(names(world), ["kept"]);
});

test("a node that only the watch has lost keeps its pods", async () => {
  await using world = await createTestWorld([podGarbageCollector()], (client) => client.create(PODS, pod("p", "n")));
  const { client } = world;
  let asked = 0;
  client.before = (verb, { resource }) => {
    if (verb === "get" && resource === "nodes" && asked++ === 0) throw new Error("the API does not answer");
  };
  await world.settle(50_000);
  assert.deepEqual([asked, names(world)], [1, ["p"]]);
  await world.settle(20_000);
  assert.deepEqual([asked, names(world)], [2, []]);
});

test("a pod that is being deleted and was never scheduled says Failed before it goes", async () => {
  await using world = await createTestWorld([podGarbageCollector()]);
  const { client } = world;
  await client.create(PODS, { ...pod("waits"), metadata: { namespace: "a", name: "waits", finalizers: ["x/y"] } });
  await client.delete(PODS, { namespace: "a", name: "waits" });
  await world.settle(20_000);
  assert.equal(client.all(PODS)[0]?.status?.phase, "Failed");
});

test("a pod that cannot be removed does not keep the others", async () => {
  await using world = await createTestWorld([podGarbageCollector()], async (client) => {
    for (const name of ["a", "b", "c"]) await client.create(PODS, pod(name, "gone"));
  });
  let refused = 0;
  world.client.before = (verb, _type, key) => {
    if (verb === "delete" && key?.name === "a") {
      refused++;
      throw new Error("a webhook says no");
    }
  };
  await world.settle(65_000);
  assert.deepEqual(names(world), ["a"]);
  assert.ok(refused >= 2, `tried ${refused} times`);
});
