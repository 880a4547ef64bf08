import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, NAMESPACES, PODS, SECRETS, type KubeObject, type Namespace, type ResourceType } from "#objects";
import type { FakeClient } from "#simulation";
import { createTestWorld } from "../testing/world.ts";
import { namespaceController } from "./controller.ts";

const at = { namespace: "", name: "shop" };
/** Without the finalizer of its metadata the double would let it go at once. */
const terminating = async (client: FakeClient) => {
  const metadata = { name: "shop", finalizers: ["x.io/test"] };
  await client.create(NAMESPACES, { metadata, spec: { finalizers: ["kubernetes"] } });
  client.edit(NAMESPACES, at, (draft) => {
    draft.metadata.deletionTimestamp = "1970-01-01T00:00:00Z";
  });
};

const conditionsOf = ({ status }: Namespace) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));

test("a namespace waits for its pods, then for nothing, and its last finalizer goes", async () => {
  await using world = await createTestWorld([namespaceController({ settleMs: 0 })], undefined, [
    PODS,
    CONFIG_MAPS,
    NAMESPACES,
  ]);
  const { client } = world;
  await client.create(PODS, {
    metadata: { namespace: "shop", name: "p", finalizers: ["x.io/a"] },
    spec: { containers: [] },
  });
  await client.create(CONFIG_MAPS, { metadata: { namespace: "shop", name: "c" } });
  await client.create(CONFIG_MAPS, { metadata: { namespace: "other", name: "c" } });
  await terminating(client);
  await world.settle();
  assert.equal(client.all(CONFIG_MAPS).length, 2);
  const waiting = await client.get(NAMESPACES, at);
  assert.equal(conditionsOf(waiting)["NamespaceFinalizersRemaining"], "True SomeFinalizersRemain");
  client.edit(PODS, { namespace: "shop", name: "p" }, (draft) => {
    draft.metadata.finalizers = [];
  });
  client.remove(PODS, { namespace: "shop", name: "p" });
  await world.settle(10_000);
  assert.deepEqual(
    client.all(CONFIG_MAPS).map(({ metadata }) => metadata.namespace),
    ["other"],
  );
  const done = await client.get(NAMESPACES, at);
  assert.deepEqual(done.spec?.finalizers ?? [], []);
  assert.equal(conditionsOf(done)["NamespaceContentRemaining"], "False ContentRemoved");
});

test("a kind that cannot be deleted is told of, and the others go", async () => {
  await using world = await createTestWorld([namespaceController({ settleMs: 0 })], undefined, [
    CONFIG_MAPS,
    SECRETS,
    NAMESPACES,
  ]);
  const { client } = world;
  for (const type of [CONFIG_MAPS, SECRETS] as ResourceType<KubeObject>[]) {
    await client.create(type, { metadata: { namespace: "shop", name: "x" } });
  }
  client.before = (verb, { resource }) => {
    if (verb.startsWith("delete") && resource === "secrets") throw new Error("a webhook says no");
  };
  await terminating(client);
  await world.settle(20_000);
  assert.deepEqual([client.all(CONFIG_MAPS).length, client.all(SECRETS).length], [0, 1]);
  const { status, spec } = await client.get(NAMESPACES, at);
  const failure = status?.conditions?.find(({ type }) => type === "NamespaceDeletionContentFailure");
  assert.equal(failure?.message, "Failed to delete all resource types, 1 remaining: a webhook says no");
  assert.deepEqual(spec?.finalizers, ["kubernetes"]);
});

test("objects of a kind that cannot be deleted together are deleted one by one", async () => {
  const secrets = { ...SECRETS, verbs: ["list", "delete"] };
  await using world = await createTestWorld([namespaceController({ settleMs: 0 })], undefined, [secrets, NAMESPACES]);
  const { client } = world;
  await client.create(SECRETS, { metadata: { namespace: "shop", name: "a" } });
  await terminating(client);
  await world.settle();
  assert.deepEqual(client.all(SECRETS), []);
});

test("a namespace is left alone until every API server knows of its deletion", async () => {
  const settles = namespaceController({ settleMs: 5_000 });
  await using world = await createTestWorld([settles], undefined, [CONFIG_MAPS, NAMESPACES]);
  const { client } = world;
  await client.create(NAMESPACES, { metadata: { name: "team" }, spec: { finalizers: ["kubernetes"] } });
  await client.create(CONFIG_MAPS, { metadata: { namespace: "team", name: "left" } });
  client.edit(NAMESPACES, { namespace: "", name: "team" }, (draft) => {
    draft.metadata.deletionTimestamp = new Date(world.clock.now()).toISOString();
  });
  await world.settle(4_900);
  assert.equal(client.all(CONFIG_MAPS).length, 1);
  await world.settle(1_000);
  assert.equal(client.all(CONFIG_MAPS).length, 0);
});
