import assert from "node:assert/strict";
import { test } from "node:test";
import { versionInfo } from "#apiserver";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { DEPLOYMENTS, NODES, PODS } from "#objects";
import { createMemoryStore } from "#store/memory";
import { composeCluster, type ClusterParts } from "./compose.ts";
import { simulatedNodes } from "./simulated-nodes.ts";
import { ADMIN } from "./users.ts";

async function composed(parts: Partial<ClusterParts> = {}) {
  const clock = createVirtualClock();
  const scope = createScope("test");
  const store = createMemoryStore({ clock });
  scope.defer(() => store.close());
  const advancing = clock.autoAdvance();
  const cluster = await composeCluster({
    store,
    nodes: simulatedNodes({ count: 2, times: { sandbox: 0, pull: 0, start: 0 } }),
    authority: () => Promise.resolve("-----BEGIN CERTIFICATE-----"),
    signingKey: () => Promise.reject(new Error("no token is asked for here")),
    version: versionInfo({ knarr: "test", platform: "test/test", runtime: "test" }),
    clock,
    random: createRandom(1),
    log: silentLog,
    scope,
    ...parts,
  });
  return {
    ...cluster,
    client: cluster.apiServer.client(ADMIN),
    async [Symbol.asyncDispose]() {
      await scope.close();
      advancing.stop();
    },
  };
}

test("a cluster composed of a memory store and simulated nodes runs a Deployment without serving any client", async () => {
  await using cluster = await composed();
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

test("what nodes use is measured only where the nodes say that it can be", async () => {
  const asked: string[] = [];
  const metrics = () => {
    asked.push("metrics");
    return { nodes: () => Promise.resolve([]), pods: () => Promise.resolve([]) };
  };
  {
    await using _ = await composed({ metrics });
  }
  assert.deepEqual(asked, []);
  {
    await using _ = await composed({ metrics, nodes: { ...simulatedNodes(), measuresUse: true } });
  }
  assert.deepEqual(asked, ["metrics"]);
});

test("what serves clients gets the API server before anything is created, and its port stands in the Service's endpoints", async () => {
  const told: (string | undefined)[] = [];
  await using cluster = await composed({
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
