import assert from "node:assert/strict";
import { test } from "node:test";
import { PODS, SERVICES } from "#objects";
import { endpointsController } from "../endpoints/controller.ts";
import { pod, service } from "../testing/services.ts";
import { createTestWorld } from "../testing/world.ts";
import { servicePodsOf, useServicePods } from "./service-pods.ts";

const KEY = "default/web";

test("controllers share one table, and the last one that stops takes it along", async () => {
  await using world = await createTestWorld([]);
  const { caches, client } = world;
  await Promise.all([caches.of(PODS).whenSynced(), caches.of(SERVICES).whenSynced()]);
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const table = useServicePods(caches, first.signal);
  assert.equal(useServicePods(caches, second.signal), table);
  await client.create(SERVICES, service());
  await client.create(PODS, pod("p1", "10.0.0.1"));
  await world.settle();
  assert.deepEqual(table.servicesOf("default/p1"), [KEY]);

  first.abort();
  assert.equal(servicePodsOf(caches), table, "the second controller still runs");
  second.abort();
  assert.equal(servicePodsOf(caches), undefined);
  await client.create(PODS, pod("p2", "10.0.0.2"));
  await world.settle();
  assert.equal(table.podsOf(KEY).length, 1, "changes are not followed any more");

  assert.equal(useServicePods(caches, third.signal).podsOf(KEY).length, 2, "another life begins anew");
  third.abort();
});

test("a controller that stops leaves no table behind", async () => {
  const world = await createTestWorld([endpointsController()]);
  assert.notEqual(servicePodsOf(world.caches), undefined);
  await world[Symbol.asyncDispose]();
  assert.equal(servicePodsOf(world.caches), undefined);
});
