import { strict as assert } from "node:assert";
import { test } from "node:test";
import { PODS, REPLICATION_CONTROLLERS } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { replicationControllerController } from "./controller.ts";

test("a ReplicationController keeps the number of pods that its map of labels selects", async () => {
  await using w = await createTestWorld([replicationControllerController]);
  const KEY = { namespace: "default", name: "old" };
  const template = { metadata: { labels: { app: "old" } }, spec: { containers: [{ name: "c", image: "nginx" }] } };
  const controller = await w.client.create(REPLICATION_CONTROLLERS, {
    metadata: KEY,
    spec: { replicas: 2, selector: { app: "old" }, template },
  });
  await w.settle();
  const pods = w.client.all(PODS);
  assert.equal(pods.length, 2);
  const [reference] = pods[0]?.metadata.ownerReferences ?? [];
  assert.deepEqual(
    [reference?.apiVersion, reference?.kind, reference?.uid],
    ["v1", "ReplicationController", controller.metadata.uid],
  );
  w.kubelet.settle();
  await w.settle();
  assert.deepEqual(w.client.all(REPLICATION_CONTROLLERS)[0]?.status, {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
  await w.client.delete(PODS, { namespace: "default", name: pods[0]!.metadata.name! });
  await w.settle();
  assert.equal(w.client.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length, 2);
});

test("a ReplicationController adopts a matching orphan, and releases a pod that no longer matches", async () => {
  await using w = await createTestWorld([replicationControllerController]);
  const labels = { app: "old" };
  const spec = { containers: [{ name: "c", image: "nginx" }] };
  const KEY = { namespace: "default", name: "orphan" };
  await w.client.create(PODS, { metadata: { ...KEY, labels }, spec });
  const controller = await w.client.create(REPLICATION_CONTROLLERS, {
    metadata: { namespace: "default", name: "old" },
    spec: { replicas: 1, selector: labels, template: { metadata: { labels }, spec } },
  });
  await w.settle();
  const owners = () => w.client.all(PODS).find(({ metadata }) => metadata.name === "orphan")?.metadata.ownerReferences;
  assert.equal(w.client.all(PODS).length, 1);
  assert.equal(owners()?.[0]?.uid, controller.metadata.uid);
  await w.client.patch(PODS, KEY, { type: "merge", body: { metadata: { labels: { app: "released" } } } });
  await w.settle();
  assert.deepEqual(owners(), []);
  assert.equal(w.client.all(PODS).length, 2, "a new pod takes its place");
});
