import assert from "node:assert/strict";
import { test } from "node:test";
import { DEPLOYMENTS, NODES, PODS } from "#objects";
import { createCompositionWorld } from "./testing/world.ts";
import { ADMIN } from "./users.ts";

test("a cluster composed of a memory store and simulated nodes runs a Deployment without serving any client", async () => {
  await using cluster = await createCompositionWorld();
  const { client } = cluster;
  await client.create(DEPLOYMENTS, {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "main", image: "nginx", resources: {} }] },
      },
    },
  });
  const signal = AbortSignal.timeout(30_000);
  const running = new Set<string>();
  for await (const events of client.watch(PODS, { namespace: "default", sendInitialEvents: true, signal })) {
    for (const event of events) {
      if (event.type === "MODIFIED" && event.object.status?.phase === "Running")
        running.add(event.object.metadata.name!);
    }
    if (running.size === 3) break;
  }
  assert.equal(running.size, 3);
  assert.equal((await client.list(NODES)).items.length, 2);
});

test("what nodes use is served where something measures it", async () => {
  const metrics = () => ({ nodes: () => Promise.resolve([]), pods: () => Promise.resolve([]) });
  const served = async (more: object) => {
    await using cluster = await createCompositionWorld(more);
    const groups = await cluster.client.discovery.groups();
    return groups.some(({ name }) => name === "metrics.k8s.io");
  };
  assert.deepEqual([await served({}), await served({ metrics })], [false, true]);
});

test("what serves clients gets the API server before anything is created, and its port stands in the Service's endpoints", async () => {
  const told: (string | undefined)[] = [];
  await using cluster = await createCompositionWorld({
    serving: {
      port: () => 7443,
      address: () => undefined,
      async begin(apiServer) {
        const { items } = await apiServer.client(ADMIN).list(NODES);
        told.push(items.length === 0 ? "before" : "after");
      },
    },
  });
  assert.deepEqual(told, ["before"]);
  const service = await cluster.client.get(
    { group: "", version: "v1", resource: "services", kind: "Service", namespaced: true },
    { namespace: "default", name: "kubernetes" },
  );
  assert.equal(JSON.stringify(service).includes("7443"), true);
});
