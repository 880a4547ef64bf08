import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { getScale, patchScale, retryOnConflict, updateScale, type WatchEvent } from "#client";
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  POD_DISRUPTION_BUDGETS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
  type KubeObject,
  type ResourceType,
} from "#objects";
import { follow } from "./testing/follow.ts";
import { createCompositionWorld } from "./testing/world.ts";

// What upstream's conformance tests ask of the API of every workload kind, with its controller running.

interface Workload {
  readonly type: ResourceType<Stateful>;
  readonly spec: object;
  readonly hasScale?: boolean;
}

interface Stateful extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
}

type World = Awaited<ReturnType<typeof createCompositionWorld>>;

const labels = { app: "lives" };
const selector = { matchLabels: labels };
const template = (restartPolicy: string) => ({
  metadata: { labels },
  spec: { restartPolicy, terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "nginx" }] },
});
const server = template("Always");
const job = { suspend: true, template: template("Never") };

const workload = (type: ResourceType, spec: object, hasScale = false): Workload => ({
  type: type as ResourceType<Stateful>,
  spec,
  hasScale,
});

const WORKLOADS: readonly Workload[] = [
  workload(DEPLOYMENTS, { replicas: 1, selector, template: server }, true),
  workload(REPLICA_SETS, { replicas: 1, selector, template: server }, true),
  workload(REPLICATION_CONTROLLERS, { replicas: 1, selector: labels, template: server }, true),
  workload(STATEFUL_SETS, { replicas: 1, serviceName: "lives", selector, template: server }, true),
  workload(DAEMON_SETS, { selector, template: server }),
  workload(JOBS, job),
  workload(CRON_JOBS, { schedule: "0 0 1 1 *", jobTemplate: { spec: job } }),
  workload(POD_DISRUPTION_BUDGETS, { minAvailable: 1, selector }),
];

const KEY = { namespace: "default", name: "lives" };

const hasCondition = (type: string) => (event: WatchEvent<Stateful>) =>
  event.type === "MODIFIED" && (event.object.status?.conditions?.some((condition) => condition.type === type) ?? false);

const isLabelled = (key: string) => (event: WatchEvent<Stateful>) =>
  event.type === "MODIFIED" && event.object.metadata.labels?.[key] === "true";

/** The status as it is, with one more condition. */
const withCondition = (object: Stateful, type: string): Stateful => ({
  ...object,
  status: {
    ...object.status,
    conditions: [
      ...(object.status?.conditions ?? []),
      {
        type,
        status: "True",
        reason: "Told",
        message: "by a client",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      } as { readonly type: string },
    ],
  },
});

/** Reads, changes and writes until no other writer was in between. */
const change = (
  { client, clock }: Pick<World, "client" | "clock">,
  type: ResourceType<Stateful>,
  make: (object: Stateful) => Stateful,
  at?: "status",
) =>
  retryOnConflict(clock, async () =>
    client.update(type, make(await client.get(type, KEY)), at ? { subresource: at } : {}),
  );

describe("a workload is made, changed, listed in all namespaces, and deleted with others by its labels", () => {
  for (const { type, spec } of WORKLOADS) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client } = world;
      const abort = new AbortController();
      const watch = follow(client, type, abort.signal);
      await client.create(type, { metadata: { ...KEY, labels }, spec } as never);
      await watch.until(({ type: event }) => event === "ADDED");
      await client.patch(type, KEY, { type: "merge", body: { metadata: { labels: { patched: "true" } } } });
      await watch.until(isLabelled("patched"));
      await change(world, type, (object) => ({
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, replaced: "true" } },
      }));
      await watch.until(isLabelled("replaced"));
      const { items } = await client.list(type, { labelSelector: "app=lives,patched=true,replaced=true" });
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        ["lives"],
      );
      await client.deleteCollection(type, { namespace: "default", labelSelector: "replaced=true" });
      await watch.until(({ type: event }) => event === "DELETED");
      assert.deepEqual((await client.list(type, { namespace: "default" })).items, []);
      abort.abort();
      await watch.ended;
    });
  }
});

describe("the status of a workload takes what a client puts and patches into it, and watchers see it", () => {
  // A CronJob's status has no conditions.
  for (const { type, spec } of WORKLOADS.filter(({ type: { kind } }) => kind !== "CronJob")) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client } = world;
      const abort = new AbortController();
      const watch = follow(client, type, abort.signal);
      await client.create(type, { metadata: { ...KEY, labels }, spec } as never);
      const put = await change(world, type, (object) => withCondition(object, "Put"), "status");
      assert.ok(put.status?.conditions?.some((condition) => condition.type === "Put"));
      await watch.until(hasCondition("Put"));
      const { status } = withCondition(await client.get(type, KEY), "Patched");
      await client.patch(type, KEY, { type: "merge", body: { status } }, { subresource: "status" });
      await watch.until(hasCondition("Patched"));
      abort.abort();
      await watch.ended;
    });
  }
});

describe("the scale of a workload is read, put and patched, and its replicas follow", () => {
  for (const { type, spec } of WORKLOADS.filter(({ hasScale }) => hasScale)) {
    test(type.kind, async () => {
      await using world = await createCompositionWorld();
      const { client } = world;
      const replicas = async () => (await client.get(type, KEY)).spec.replicas;
      await client.create(type, { metadata: { ...KEY, labels }, spec } as never);
      const scale = await getScale(client, type, KEY);
      assert.equal(scale.spec?.replicas, 1);
      const { resourceVersion: _, ...metadata } = scale.metadata;
      await updateScale(client, type, { ...scale, metadata, spec: { replicas: 3 } });
      assert.equal(await replicas(), 3);
      await patchScale(client, type, KEY, { type: "merge", body: { spec: { replicas: 2 } } });
      assert.equal(await replicas(), 2);
    });
  }
});
