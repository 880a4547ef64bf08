import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createCaches, type Client } from "#client";
import { PODS, type Pod } from "#objects";
import { createFakeClient } from "#simulation";
import { createPendingWrites } from "./pending-writes.ts";

const KEY = { namespace: "default", name: "a" };
const FREE = { type: "merge", body: { metadata: { finalizers: null } } } as const;

/** A Pod that only its finalizer keeps, and a cache that shows it. */
async function kept() {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const api = createFakeClient({ clock, random });
  await api.create(PODS, { metadata: { ...KEY, finalizers: ["example.com/x"] }, spec: { containers: [] } });
  await api.delete(PODS, KEY);
  const scope = createScope("test");
  const cache = createCaches({ client: api, scope, clock, random, log: silentLog }).of(PODS);
  await clock.advance(100);
  return { clock, api, cache, [Symbol.asyncDispose]: () => scope.close() };
}

test("a patch that takes the last finalizer is seen when the cache drops the object, whatever revision it answers", async () => {
  await using world = await kept();
  const [old] = world.api.all(PODS);
  // As the API server does: what is gone is answered as it was last, at the revision that it had.
  const patch = () => Promise.resolve({ ...old, metadata: { ...old!.metadata, finalizers: [] } } as Pod);
  const pending = createPendingWrites({ ...world.api, patch } as unknown as Client, () => world.cache);
  await pending.client.patch(PODS, KEY, FREE);
  assert.equal(pending.settled(), false);
  let seen = false;
  pending.whenSettled(() => (seen = true));
  world.api.remove(PODS, KEY);
  await world.clock.advance(100);
  assert.deepEqual([seen, pending.settled()], [true, true]);
});

test("what a write has not found is waited for until the cache does not show it either", async () => {
  await using world = await kept();
  const patch = () => world.api.get(PODS, { namespace: "default", name: "gone" });
  const pending = createPendingWrites({ ...world.api, patch } as unknown as Client, () => world.cache);
  await assert.rejects(pending.client.patch(PODS, KEY, FREE));
  assert.equal(pending.settled(), false);
  world.api.remove(PODS, KEY);
  await world.clock.advance(100);
  assert.equal(pending.settled(), true);
});
