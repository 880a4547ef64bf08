import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, metadataOnly, NODES } from "#objects";
import { connectCluster } from "./connect.ts";
import { startCluster } from "./start.ts";

test("a kubeconfig connects to a running cluster, and its client does what the cluster's own does", async () => {
  await using cluster = await startCluster({ port: 0 });
  const kubeconfig = await cluster.kubeconfig();
  await using remote = await connectCluster(kubeconfig);
  const { client } = remote;
  assert.equal(remote.namespace, "default");
  assert.deepEqual(
    (await client.list(NODES)).items.map(({ metadata }) => metadata.name),
    ["knarr-1"],
  );
  const metadata = { namespace: "default", name: "a" };
  const made = await client.create(CONFIG_MAPS, { metadata, data: { x: "1" } });
  assert.deepEqual(await cluster.client.get(CONFIG_MAPS, metadata), made);
  assert.deepEqual((await client.get(metadataOnly(CONFIG_MAPS), metadata)).metadata, made.metadata);
  const type = await client.discovery.find({ group: "", kind: "ConfigMap" });
  assert.equal(type?.resource, "configmaps");
  await assert.rejects(connectCluster(kubeconfig, { context: "odd" }), { name: "KubeconfigError" });
});
