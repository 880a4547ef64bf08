import assert from "node:assert/strict";
import { test } from "node:test";
import { POD_DISRUPTION_BUDGETS, PODS, type New, type PodDisruptionBudget } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { disruptionController } from "./controller.ts";

const budget = (name: string): New<PodDisruptionBudget> => ({
  metadata: { namespace: "shop", name },
  spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
});

test("Events tell of budgets without pods and of a pod under two budgets; a stale disruption is taken back", async () => {
  await using world = await createTestWorld([disruptionController]);
  const { client } = world;
  await client.create(POD_DISRUPTION_BUDGETS, budget("one"));
  await world.settle();
  assert.deepEqual(world.events(), ["Normal NoPods No matching pods found"]);
  await client.create(POD_DISRUPTION_BUDGETS, budget("two"));
  await client.create(PODS, {
    metadata: { namespace: "shop", name: "web", labels: { app: "web" } },
    spec: { containers: [] },
  });
  client.edit(PODS, { namespace: "shop", name: "web" }, (draft) => {
    const lastTransitionTime = "1970-01-01T00:00:00Z";
    draft.status = { conditions: [{ type: "DisruptionTarget", status: "True", reason: "Test", lastTransitionTime }] };
  });
  await world.settle();
  const message = 'Pod "shop"/"web" matches multiple PodDisruptionBudgets.  Chose "one" arbitrarily.';
  assert.ok(world.events().includes(`Warning MultiplePodDisruptionBudgets ${message}`));
  await world.settle(121_000);
  const [condition] = client.all(PODS)[0]?.status?.conditions ?? [];
  assert.deepEqual([condition?.status, condition?.reason], ["False", undefined]);
});
