/** A registry whose store tells it late of what was committed: what it answers must be right all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock, type Clock } from "#base";
import { hasReason } from "#objects";
import type { EventBatch, Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { createRegistryWorld, reader, setting, told, USER, widget } from "./testing/world.ts";

/** A memory store whose live watchers are held up while `lagMs` is above 0. */
function lateStore(clock: Clock, lagMs: number): Store {
  const store = createMemoryStore({ clock });
  const watch: Store["watch"] = async (options, sink) => {
    let live = false;
    const late = (batch: EventBatch) => {
      if (!live) return sink(batch);
      clock.setTimeout(() => sink(batch), lagMs);
      return undefined;
    };
    const handle = await store.watch(options, late);
    live = true;
    return handle;
  };
  return new Proxy(store, {
    get(_, name) {
      if (name === "watch") return watch;
      const value = store[name as keyof Store];
      return typeof value === "function" ? value.bind(store) : value;
    },
  });
}

const LAG_MS = 500;
const KEY = { namespace: "default", name: "a" };

async function lateWorld(lagMs = LAG_MS) {
  const clock = createVirtualClock();
  const world = await createRegistryWorld({ clock, store: lateStore(clock, lagMs) });
  const { widgets } = world;
  const ahead = clock.autoAdvance();
  return { widgets, clock, [Symbol.dispose]: () => ahead.stop() };
}

test("a write is answered with its resourceVersion before the registry's own watch tells of it", async () => {
  using world = await lateWorld();
  const { widgets } = world;
  const created = await widgets.create(widget("a"), USER);
  assert.equal(created.object.metadata.resourceVersion, "2");
  const { object } = await widgets.update(KEY, setting({ spec: { size: 1 } }), USER);
  assert.equal(object.object.metadata.resourceVersion, "3");
});

test("an object can be changed and deleted as soon as its creation was answered", async () => {
  using world = await lateWorld();
  const { widgets } = world;
  await widgets.create(widget("a"), USER);
  const { object } = await widgets.update(KEY, setting({ spec: { size: 1 } }), USER);
  assert.equal((object.object as { spec?: { size?: number } }).spec?.size, 1);
  assert.equal((await widgets.delete(KEY, USER)).deleted, true);
  await assert.rejects(widgets.update(KEY, setting({}), USER), (error) => hasReason(error, "NotFound"));
  await assert.rejects(widgets.delete(KEY, USER), (error) => hasReason(error, "NotFound"));
});

test("a dry run of a create sees what was created before", async () => {
  using world = await lateWorld();
  const { widgets } = world;
  await widgets.create(widget("a"), USER);
  await assert.rejects(widgets.create(widget("a"), { ...USER, dryRun: true }), (error) =>
    hasReason(error, "AlreadyExists"),
  );
});

test("a list and a get without a revision wait for the newest, those at 0 answer from what is at hand", async () => {
  using world = await lateWorld();
  const { widgets, clock } = world;
  await widgets.create(widget("a"), USER);
  const before = clock.now();
  assert.deepEqual((await widgets.list({ resourceVersion: "0" })).items, []);
  await assert.rejects(widgets.get(KEY, { resourceVersion: "0" }), (error) => hasReason(error, "NotFound"));
  assert.equal(clock.now(), before);
  const listed = await widgets.list({});
  assert.equal(listed.items.length, 1);
  assert.equal(listed.resourceVersion, "2");
  assert.equal((await widgets.get(KEY)).object.metadata.resourceVersion, "2");
  const atLeast = await widgets.list({ resourceVersion: "1", resourceVersionMatch: "NotOlderThan" });
  assert.equal(atLeast.items.length, 1);
});

test("a list that is asked to be no older than a revision does not wait for what came after it", async () => {
  using world = await lateWorld();
  const { widgets, clock } = world;
  await widgets.create(widget("a"), USER);
  await widgets.list({});
  await widgets.create(widget("b"), USER);
  const before = clock.now();
  const listed = await widgets.list({ resourceVersion: "2", resourceVersionMatch: "NotOlderThan" });
  assert.deepEqual([listed.resourceVersion, listed.items.length], ["2", 1]);
  assert.equal(clock.now(), before);
});

test("a write waits three seconds for a registry that is behind, then it is to be tried again", async () => {
  using world = await lateWorld(60_000);
  const { widgets } = world;
  // The kind was asked for before, and has since fallen behind.
  await widgets.list({});
  await widgets.create(widget("a"), USER);
  await assert.rejects(widgets.update(KEY, setting({}), USER), (error) => hasReason(error, "Timeout"));
  await assert.rejects(widgets.delete(KEY, USER), (error) => hasReason(error, "Timeout"));
});

test("a watch tells every change once and in order, however late they come", async () => {
  using world = await lateWorld();
  const { widgets } = world;
  const watch = reader(widgets, { resourceVersion: "1" });
  watch.begin();
  await widgets.create(widget("a"), USER);
  await widgets.update(KEY, setting({ spec: { size: 1 } }), USER);
  await widgets.delete(KEY, USER);
  assert.deepEqual((await watch.take(3)).map(told), ["ADDED a@2", "MODIFIED a@3", "DELETED a@4"]);
  await watch.stop();
});

test("a watch that waits for a store that tells nothing any more ends when it is to", async () => {
  const clock = createVirtualClock();
  const store = lateStore(clock, 365 * 24 * 3600_000);
  const { widgets } = await createRegistryWorld({ clock, store });
  const committed = await store.commit({
    expect: [],
    writes: [{ type: "put", key: "/registry/others/a", value: new Uint8Array(1) }],
  });
  assert.ok(committed.ok, "the store is ahead of what the registry hears of it");
  const stop = new AbortController();
  const watch = widgets.watch({
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: true,
    signal: stop.signal,
  });
  const first = watch[Symbol.asyncIterator]().next();
  await clock.advance(100);
  stop.abort();
  assert.deepEqual(await first, { done: true, value: undefined });
});
