import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "#base";
import { hasReason, NODES, POD_DISRUPTION_BUDGETS, PODS, StatusError, type New, type Pod } from "#objects";
import { createCompositionWorld } from "./testing/world.ts";

// What upstream's conformance tests ask of [DisruptionController] and of NoExecute taints.

type World = Awaited<ReturnType<typeof createCompositionWorld>>;

const key = (name: string) => ({ namespace: "default", name });

const web = (name: string, more: object = {}): New<Pod> => ({
  metadata: { namespace: "default", name, labels: { app: "web" } },
  spec: { containers: [{ name: "c", image: "nginx" }], ...more },
});

/** Looks every second of virtual time. */
async function until(what: string, { clock }: World, look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await look()) return;
    await sleep(clock, 1000);
  }
  assert.fail(what);
}

async function budgeted(world: World, minAvailable: number, ...names: readonly string[]) {
  const { client } = world;
  for (const name of names) await client.create(PODS, web(name));
  await client.create(POD_DISRUPTION_BUDGETS, {
    metadata: { namespace: "default", name: "web", labels: { of: "web" } },
    spec: { minAvailable, selector: { matchLabels: { app: "web" } } },
  });
}

const allowed = async ({ client }: World) =>
  (await client.get(POD_DISRUPTION_BUDGETS, key("web"))).status?.disruptionsAllowed;
const healthy = async ({ client }: World) =>
  (await client.get(POD_DISRUPTION_BUDGETS, key("web"))).status?.currentHealthy;

const evict = ({ client }: World, name: string) =>
  client.createSubresource(PODS, key(name), "eviction", {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: key(name),
  });

test("a used-up budget answers evictions with 429, and lets them through once it is loosened or gone", async () => {
  await using world = await createCompositionWorld();
  const { client } = world;
  await budgeted(world, 3, "a", "b", "c");
  await until("three pods are healthy", world, async () => (await healthy(world)) === 3);
  await assert.rejects(evict(world, "a"), (error) => error instanceof StatusError && error.code === 429);
  await client.patch(POD_DISRUPTION_BUDGETS, key("web"), { type: "merge", body: { spec: { minAvailable: 2 } } });
  await until("one may go", world, async () => (await allowed(world)) === 1);
  await evict(world, "a");
  await until(
    "two are left, and none may go",
    world,
    async () => (await healthy(world)) === 2 && (await allowed(world)) === 0,
  );
  await assert.rejects(evict(world, "b"), (error) => error instanceof StatusError && error.code === 429);
  await client.delete(POD_DISRUPTION_BUDGETS, key("web"));
  await evict(world, "b");
});

test("a budget is replaced, patched and deleted with others by its labels, and counts anew each time", async () => {
  await using world = await createCompositionWorld();
  const { client } = world;
  await budgeted(world, 1, "a", "b");
  await until("one may go", world, async () => (await allowed(world)) === 1);
  const budget = await client.get(POD_DISRUPTION_BUDGETS, key("web"));
  await client.update(POD_DISRUPTION_BUDGETS, { ...budget, spec: { ...budget.spec, minAvailable: 2 } });
  await until("none may go", world, async () => (await allowed(world)) === 0);
  await client.patch(POD_DISRUPTION_BUDGETS, key("web"), { type: "merge", body: { spec: { minAvailable: "50%" } } });
  await until("nothing is counted of pods without a workload", world, async () => {
    const { status } = await client.get(POD_DISRUPTION_BUDGETS, key("web"));
    return status?.expectedPods === 0;
  });
  const disruptedPods = { a: "2026-01-01T00:00:00Z" };
  const current = await client.get(POD_DISRUPTION_BUDGETS, key("web"));
  const told = await client.update(
    POD_DISRUPTION_BUDGETS,
    { ...current, status: { ...current.status, disruptedPods } },
    { subresource: "status" },
  );
  assert.deepEqual(told.status?.disruptedPods, disruptedPods);
  assert.equal((await client.list(POD_DISRUPTION_BUDGETS)).items.length, 1);
  await client.deleteCollection(POD_DISRUPTION_BUDGETS, { namespace: "default", labelSelector: "of=web" });
  assert.equal((await client.list(POD_DISRUPTION_BUDGETS, { namespace: "default" })).items.length, 0);
});

test("pods leave a node with a NoExecute taint each after its own time, or stay when the taint goes before", async () => {
  await using world = await createCompositionWorld();
  const { client, clock } = world;
  const tolerating = (tolerationSeconds: number) => ({
    nodeName: "knarr-1",
    terminationGracePeriodSeconds: 1,
    tolerations: [{ key: "away", operator: "Exists", effect: "NoExecute", tolerationSeconds }],
  });
  await client.create(PODS, web("soon", tolerating(30)));
  await client.create(PODS, web("later", tolerating(90)));
  await client.create(PODS, web("spared", tolerating(600)));
  const goneAt = new Map<string, number>();
  const isGone = async (name: string) => {
    try {
      await client.get(PODS, key(name));
      return false;
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      goneAt.set(name, clock.now());
      return true;
    }
  };
  const taint = (taints: readonly object[]) =>
    client.patch(NODES, { namespace: "", name: "knarr-1" }, { type: "merge", body: { spec: { taints } } });
  const began = clock.now();
  await taint([{ key: "away", value: "yes", effect: "NoExecute" }]);
  await until("the first is gone", world, () => isGone("soon"));
  await until("the second is gone", world, () => isGone("later"));
  await taint([]);
  await sleep(clock, 700_000);
  assert.equal(await isGone("spared"), false);
  const seconds = ["soon", "later"].map((name) => Math.floor((goneAt.get(name)! - began) / 5000) * 5);
  assert.deepEqual(seconds, [30, 90]);
});
