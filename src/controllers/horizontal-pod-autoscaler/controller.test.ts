import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  DEPLOYMENTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  PODS,
  type New,
  type V2HorizontalPodAutoscaler,
  type V2MetricSpec,
} from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { horizontalPodAutoscalerController } from "./controller.ts";

const SCALED = { ...DEPLOYMENTS, subresources: [{ name: "scale", kind: "Scale", verbs: ["get", "update"] }] };
const SERVED = [SCALED, EVENTS, HORIZONTAL_POD_AUTOSCALERS, PODS];
const KEY = { namespace: "shop", name: "web" };

const PODS_METRIC: V2MetricSpec = {
  type: "Pods",
  pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "10" } },
};

const autoscaler = (name: string, spec: object = {}): New<V2HorizontalPodAutoscaler> => ({
  metadata: { namespace: "shop", name },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 2,
    maxReplicas: 4,
    metrics: [PODS_METRIC],
    ...spec,
  },
});

async function worldWith(replicas: number): Promise<TestWorld> {
  const world = await createTestWorld([horizontalPodAutoscalerController()], undefined, SERVED);
  const labels = { app: "web" };
  await world.client.create(DEPLOYMENTS, {
    metadata: KEY,
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
  });
  return world;
}

const replicasIn = ({ client }: TestWorld) => client.all(DEPLOYMENTS)[0]?.spec?.replicas;
const conditionsIn = ({ client }: TestWorld, at = 0) =>
  client
    .all(HORIZONTAL_POD_AUTOSCALERS)
    [at]?.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

test("a target is brought within the bounds at once, and looked at again every 15 seconds", async () => {
  await using world = await worldWith(9);
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("web"));
  await world.settle();
  assert.equal(replicasIn(world), 4);
  assert.deepEqual(world.events(), [
    "Normal SuccessfulRescale New size: 4; reason: Current number of replicas above Spec.MaxReplicas",
  ]);
  world.client.edit(DEPLOYMENTS, KEY, (draft) => {
    (draft as { spec?: { replicas?: number } }).spec!.replicas = 1;
  });
  await world.settle(14_000);
  assert.equal(replicasIn(world), 1);
  await world.settle(1000);
  assert.equal(replicasIn(world), 2);
});

test("a scale that another writer changes meanwhile is read anew, and given up after five attempts", async () => {
  await using world = await worldWith(9);
  let others = 2;
  world.client.before = (verb, type) => {
    if (verb !== "update" || type.resource !== "deployments" || others-- <= 0) return;
    world.client.edit(DEPLOYMENTS, KEY, (draft) => {
      draft.metadata.labels = { turn: String(others) };
    });
  };
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("web"));
  await world.settle();
  assert.equal(replicasIn(world), 4);
  others = 5;
  world.client.edit(DEPLOYMENTS, KEY, (draft) => {
    (draft as { spec?: { replicas?: number } }).spec!.replicas = 9;
  });
  await world.settle(15_000);
  assert.equal(replicasIn(world), 9);
  assert.match(
    world.events().at(-1) ?? "",
    /^Warning FailedRescale New size: 4; reason: .*; error: .*has been modified/,
  );
  assert.deepEqual(conditionsIn(world), ["AbleToScale=False FailedUpdateScale"]);
});

test("what is not there, or has no such metrics, is told of", async () => {
  await using world = await worldWith(3);
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("web"));
  const other = { scaleTargetRef: { apiVersion: "example.com/v1", kind: "Game", name: "web" } };
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("xgame", other));
  const none = { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "none" } };
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("xnone", none));
  await world.settle();
  const failure =
    "unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
  assert.deepEqual(world.events().toSorted(), [
    `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: ${failure}`,
    `Warning FailedGetPodsMetric ${failure}`,
    'Warning FailedGetScale deployments.apps "none" not found',
    'Warning FailedGetScale no matches for kind "Game" in group "example.com"',
  ]);
  assert.deepEqual(conditionsIn(world), [
    "AbleToScale=True SucceededGetScale",
    "ScalingActive=False FailedGetPodsMetric",
  ]);
  assert.deepEqual(conditionsIn(world, 1), ["AbleToScale=False FailedGetScale"]);
});

test("two autoscalers of one target do nothing until one of them is gone", async () => {
  await using world = await worldWith(3);
  await world.client.create(PODS, {
    metadata: { namespace: "shop", name: "web-1", labels: { app: "web" } },
    spec: { containers: [] },
  });
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("one"));
  await world.client.create(HORIZONTAL_POD_AUTOSCALERS, autoscaler("two"));
  await world.settle(16_000);
  const ambiguous =
    "Warning AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: [shop/one shop/two]";
  assert.ok(world.events().includes(ambiguous));
  assert.equal(conditionsIn(world)?.[1], "ScalingActive=False AmbiguousSelector");
  await world.client.delete(HORIZONTAL_POD_AUTOSCALERS, { namespace: "shop", name: "two" });
  await world.settle(16_000);
  assert.equal(conditionsIn(world)?.[1], "ScalingActive=False FailedGetPodsMetric");
});
