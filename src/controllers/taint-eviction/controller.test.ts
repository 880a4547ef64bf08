import assert from "node:assert/strict";
import { test } from "node:test";
import { NODES, PODS, type New, type Pod } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { taintEvictionController } from "./controller.ts";

const pod = (name: string, tolerationSeconds: number): New<Pod> => ({
  metadata: { namespace: "a", name },
  spec: {
    containers: [],
    nodeName: "n1",
    tolerations: [{ key: "away", operator: "Exists", effect: "NoExecute", tolerationSeconds }],
  },
});

test("a pod made on a node that has been away for six minutes has its five minutes from then on", async () => {
  const timeAdded = "1969-12-31T23:54:00Z";
  await using world = await createTestWorld([taintEvictionController()], (client) =>
    client.create(NODES, {
      metadata: { name: "n1" },
      spec: { taints: [{ key: "away", effect: "NoExecute", timeAdded }] },
    }),
  );
  const { client } = world;
  await client.create(PODS, pod("late", 300));
  const beingDeleted = () => client.all(PODS).some(({ metadata }) => metadata.deletionTimestamp);
  await world.settle(299_000);
  assert.equal(beingDeleted(), false);
  await world.settle(2_000);
  assert.equal(beingDeleted(), true);
  const condition = client.all(PODS)[0]?.status?.conditions?.[0];
  assert.deepEqual([condition?.type, condition?.reason], ["DisruptionTarget", "DeletionByTaintManager"]);
  await world.settle(1_000);
  assert.deepEqual(world.events(), ["Normal TaintManagerEviction Marking for deletion Pod a/late"]);
});

test("a taint that goes in time spares the pod, and one that comes back begins anew", async () => {
  await using world = await createTestWorld([taintEvictionController()]);
  const { client } = world;
  const taint = (taints: object[]) =>
    client.edit(NODES, { namespace: "", name: "n1" }, (draft) => {
      draft.spec = { taints };
    });
  await client.create(NODES, { metadata: { name: "n1" } });
  await client.create(PODS, pod("spared", 60));
  taint([{ key: "away", effect: "NoExecute" }]);
  await world.settle(50_000);
  taint([]);
  await world.settle(50_000);
  taint([{ key: "away", effect: "NoExecute" }]);
  await world.settle(50_000);
  assert.equal(client.all(PODS)[0]?.metadata.deletionTimestamp, undefined);
  assert.deepEqual(world.events(), ["Normal TaintManagerEviction Cancelling deletion of Pod a/spared"]);
});
