import { strict as assert } from "node:assert";
import { test } from "node:test";
import { CONFIG_MAPS, hasReason, PODS } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { allow } from "./access.ts";
import { defineController, type ControllerDefinition, type Sync } from "./definition.ts";
import { itself, watch } from "./watch.ts";

const key = (name: string) => ({ namespace: "default", name });
const configMap = (name: string) => ({ metadata: key(name) });

/** A controller that watches config maps and does this. */
const controller = (sync: Sync, more: Partial<ControllerDefinition> = {}) =>
  defineController({
    name: "test-controller",
    watches: [watch(CONFIG_MAPS, itself), watch(PODS)],
    writes: [allow(CONFIG_MAPS, "update", "delete"), allow(PODS, "create", "update", "patch", "delete")],
    start: () => sync,
    ...more,
  });

test("a controller syncs what is there at the start, and every change", async () => {
  const seen: string[] = [];
  await using w = await createTestWorld([
    controller(async (k, { caches }) => {
      seen.push(`${k} ${caches.of(CONFIG_MAPS).has(k)}`);
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.settle();
  w.client.remove(CONFIG_MAPS, key("a"));
  await w.settle();
  assert.deepEqual(seen, ["default/a true", "default/a false"]);
});

test("a key waits until the caches show what its last sync has created, changed and deleted", async () => {
  let created = 0;
  await using w = await createTestWorld([
    controller(async (k, { client, caches, enqueue }) => {
      const pods = [...caches.of(PODS).list()];
      // Would create too many if it looked before its own pod shows up.
      if (pods.length < 3) {
        created++;
        await client.create(PODS, { metadata: { namespace: "default", generateName: "p-" }, spec: { containers: [] } });
        enqueue(k);
        return;
      }
      const [first] = pods;
      if (first && first.metadata.labels?.seen === undefined) {
        const body = { metadata: { labels: { seen: "yes" } } };
        await client.patch(PODS, key(first.metadata.name!), { type: "merge", body });
        enqueue(k);
        return;
      }
      if (created === 3 && first) {
        created++;
        await client.delete(PODS, key(first.metadata.name!));
        enqueue(k);
      }
    }),
  ]);
  // The watches bring nothing for a while, although writes succeed.
  w.client.before = (verb) => {
    if (verb === "watch") throw new Error("connection refused");
  };
  w.client.breakWatches();
  w.client.before = undefined;
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.settle(60_000);
  const creations = w.client.writes.filter((write) => write.startsWith("create pods")).length;
  const deletions = w.client.writes.filter((write) => write.startsWith("delete pods")).length;
  const patches = w.client.writes.filter((write) => write.startsWith("patch pods")).length;
  // The deletion leaves two, so that a fourth is created, and marked if it is the first.
  assert.equal(creations, 4);
  assert.equal(deletions, 1);
  assert.ok(patches <= 2, `${patches} patches`);
});

test("a failed sync is tried again with back-off, other keys go on", async () => {
  const tries: Record<string, number> = {};
  await using w = await createTestWorld([
    controller(async (k) => {
      tries[k] = (tries[k] ?? 0) + 1;
      if (k === "default/bad" && tries[k] < 5) throw new Error("not yet");
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("bad"));
  await w.client.create(CONFIG_MAPS, configMap("good"));
  await w.settle(1000);
  assert.deepEqual(tries, { "default/bad": 5, "default/good": 1 });
});

test("a sync that returns requeueAt comes back then, one that returns restMs not before", async () => {
  const times: number[] = [];
  await using w = await createTestWorld([
    controller(async (_k, { clock }) => {
      times.push(clock.now());
      return times.length === 1 ? { requeueAt: clock.now() + 5000 } : { restMs: 1000 };
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.settle(6000);
  const change = () =>
    w.client.edit(CONFIG_MAPS, key("a"), (draft) => {
      draft.data = { at: String(w.clock.now()) };
    });
  assert.equal(times.length, 2);
  assert.equal(times[1]! - times[0]!, 5000);
  change();
  await w.settle(100);
  change();
  await w.settle(10);
  const before = times.length;
  change();
  await w.settle(100);
  assert.equal(times.length, before, "it rests");
  await w.settle(1000);
  assert.equal(times.length, before + 1, "and what came meanwhile is one sync");
});

test("a conflict with another writer is no reason to give up", async () => {
  let tries = 0;
  await using w = await createTestWorld([
    controller(async (k, { client, caches }) => {
      const object = caches.of(CONFIG_MAPS).get(k);
      if (!object || object.data?.by === "controller") return;
      tries++;
      if (tries === 1) {
        w.client.edit(CONFIG_MAPS, key("a"), (draft) => {
          draft.data = { by: "another writer" };
        });
      }
      await client.update(CONFIG_MAPS, { ...object, data: { by: "controller" } });
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.settle(1000);
  assert.equal(tries, 2);
  assert.equal(w.client.all(CONFIG_MAPS)[0]?.data?.by, "controller");
  await assert.rejects(
    w.client.update(CONFIG_MAPS, { ...w.client.all(CONFIG_MAPS)[0]!, metadata: { ...key("a"), resourceVersion: "1" } }),
    (error) => hasReason(error, "Conflict"),
  );
});

test("what is deleted in the middle of its sync is no reason to complain, what else is not there is", async () => {
  await using w = await createTestWorld([
    controller(async (k, { client, caches }) => {
      const object = caches.of(CONFIG_MAPS).get(k);
      if (!object) return;
      if (k === "default/a") {
        w.client.remove(CONFIG_MAPS, key("a"));
        await client.update(CONFIG_MAPS, object);
      } else await client.patch(PODS, key("b"), { type: "merge", body: {} });
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.settle(1000);
  assert.deepEqual(w.complaints, []);
  await w.client.create(CONFIG_MAPS, configMap("b"));
  await w.settle(1);
  assert.deepEqual(w.complaints, ['sync failed StatusError: pods "b" not found']);
});

test("stopping waits for the sync in hand and starts none after it", async () => {
  const finished = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let syncs = 0;
  const w = await createTestWorld([
    controller(async () => {
      syncs++;
      started.resolve();
      await finished.promise;
    }),
  ]);
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await started.promise;
  const closing = w[Symbol.asyncDispose]();
  let closed = false;
  void closing.then(() => {
    closed = true;
  });
  await w.client.create(CONFIG_MAPS, configMap("b"));
  assert.equal(closed, false);
  finished.resolve();
  await closing;
  assert.equal(syncs, 1);
});
