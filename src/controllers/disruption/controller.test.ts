import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DAEMON_SETS,
  DEPLOYMENTS,
  EVENTS,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
  type KubeObject,
  type New,
  type PodDisruptionBudget,
  type ResourceType,
} from "#objects";
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

/** Its Pods are the ReplicaSets', but for those that a test gives it: the controller knows no such workload by name. */
const OTHER = { ...DEPLOYMENTS, subresources: [{ name: "scale", kind: "Scale", verbs: ["get", "update"] }] };

const SERVED = [
  ...[OTHER, STATEFUL_SETS, DAEMON_SETS],
  ...[EVENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS],
];

type Sized = KubeObject & { readonly spec?: { readonly replicas: number } };

test("a percentage is of what the workload asks for, whatever its kind, if it has a scale", async () => {
  await using world = await createTestWorld([disruptionController], undefined, SERVED);
  const { client } = world;
  const controlled = async (type: ResourceType, name: string, replicas: number, count: number) => {
    const made = await client.create<Sized>(type as ResourceType<Sized>, {
      metadata: { namespace: "shop", name },
      spec: { replicas },
    });
    const apiVersion = `${type.group}/${type.version}`;
    const ownerReferences = [{ apiVersion, kind: type.kind, name, uid: made.metadata.uid ?? "", controller: true }];
    for (let index = 0; index < count; index++) {
      const metadata = { namespace: "shop", name: `${name}-${index}`, labels: { app: name }, ownerReferences };
      await client.create(PODS, { metadata, spec: { containers: [] } });
    }
    await client.create(POD_DISRUPTION_BUDGETS, {
      metadata: { namespace: "shop", name },
      spec: { maxUnavailable: "25%", selector: { matchLabels: { app: name } } },
    });
  };
  await controlled(OTHER, "game", 8, 3);
  await controlled(STATEFUL_SETS, "pets", 4, 2);
  await controlled(DAEMON_SETS, "agents", 0, 2);
  await world.settle();
  const figures = client
    .all(POD_DISRUPTION_BUDGETS)
    .toSorted((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))
    .map(({ metadata, status }) => [
      metadata.name,
      status?.expectedPods,
      status?.desiredHealthy,
      status?.conditions?.[0]?.message,
    ]);
  assert.deepEqual(figures, [
    ["agents", 0, 0, "daemonsets.apps does not implement the scale subresource"],
    ["game", 8, 6, ""],
    ["pets", 4, 3, ""],
  ]);
});
