import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusError } from "#objects";
import type { WatchQuery } from "../contract.ts";
import { createRegistryWorld, reader, setting, told, USER, widget } from "../testing/world.ts";

const key = (name: string) => ({ namespace: "default", name });

test("a watch without a revision, or from 0, begins with what is there", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a"), USER);
  await f.widgets.create(widget("b"), USER);
  for (const query of [{}, { resourceVersion: "0" }, { resourceVersion: "" }]) {
    const watch = reader(f.widgets, query);
    assert.deepEqual((await watch.take(2)).map(told), ["ADDED a@2", "ADDED b@3"]);
    await watch.stop();
  }
});

test("sendInitialEvents ends with a bookmark; without, only news come", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a"), USER);
  const match = { resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: true };
  const whole = reader(f.widgets, { ...match, sendInitialEvents: true });
  assert.deepEqual((await whole.take(2)).map(told), ["ADDED a@2", "BOOKMARK @2 end"]);
  const news = reader(f.widgets, { ...match, sendInitialEvents: false });
  news.begin();
  await f.clock.advance(0);
  await f.widgets.create(widget("b"), USER);
  assert.deepEqual((await news.take(1)).map(told), ["ADDED b@3"]);
  assert.deepEqual((await whole.take(1)).map(told), ["ADDED b@3"]);
  await whole.stop();
  await news.stop();
});

test("what a watch may not ask for is refused in the call", async () => {
  await using f = await createRegistryWorld();
  const invalid = (text: string) => `ListOptions.meta.k8s.io "" is invalid: ${text}`;
  const cases: readonly (readonly [Partial<WatchQuery>, number, string])[] = [
    [
      { sendInitialEvents: true },
      422,
      invalid(
        "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
      ),
    ],
    [
      { resourceVersionMatch: "NotOlderThan" },
      422,
      invalid(
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      ),
    ],
    [
      { resourceVersion: "x" },
      500,
      'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [{ fieldSelector: "status.phase=x" }, 400, "field label not supported: status.phase"],
    [{ labelSelector: "a in" }, 400, "unable to parse requirement: found '' expected: '('"],
  ];
  for (const [query, code, message] of cases) {
    assert.throws(
      () => f.widgets.watch({ ...query, signal: new AbortController().signal }),
      (error: StatusError) => {
        assert.deepEqual([error.code, error.message], [code, message]);
        return true;
      },
    );
  }
});

test("objects that enter or leave a selection are ADDED and DELETED", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a", { spec: { node: "n1" } }), USER);
  const watch = reader(f.widgets, { fieldSelector: "spec.node=n2", resourceVersion: "2" });
  await f.widgets.update(key("a"), setting({ spec: { node: "n2" } }), USER);
  await f.widgets.update(key("a"), setting({}, { labels: { x: "y" } }), USER);
  await f.widgets.update(key("a"), setting({ spec: { node: "n3" } }), USER);
  await f.widgets.delete(key("a"), USER);
  const events = await watch.take(3);
  assert.deepEqual(events.map(told), ["ADDED a@3", "MODIFIED a@4", "DELETED a@5"]);
  const gone = events[2]!;
  assert.ok(gone.type === "DELETED");
  assert.deepEqual((gone.object.object as { spec?: unknown }).spec, { node: "n2" });
  assert.equal(gone.object.object.metadata.resourceVersion, "5");
  await watch.stop();
});

test("all watchers get the same event objects", async () => {
  await using f = await createRegistryWorld();
  const watches = [{}, { namespace: "default" }, { labelSelector: "!x" }].map((query) =>
    reader(f.widgets, { ...query, resourceVersion: "1" }),
  );
  await f.widgets.create(widget("a"), USER);
  await f.widgets.delete(key("a"), USER);
  const [first, ...others] = await Promise.all(watches.map((watch) => watch.take(2)));
  for (const events of others) for (const [i, event] of events.entries()) assert.equal(event, first![i]);
  for (const watch of watches) await watch.stop();
});

test("bookmarks come about every minute and at the end, for watchers that want them", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a"), USER);
  const watch = reader(f.widgets, {
    resourceVersion: "2",
    allowWatchBookmarks: true,
    timeoutSeconds: 130,
    fieldSelector: "metadata.name=none",
  });
  const other = reader(f.widgets, { resourceVersion: "2", timeoutSeconds: 130 });
  const events = watch.all();
  const none = other.all();
  await f.clock.advance(20_000);
  await f.widgets.create(widget("b"), USER);
  await f.clock.advance(110_000);
  const told1 = (await events).map(told);
  assert.ok(told1.length >= 3 && told1.length <= 4, told1.join());
  assert.equal(told1.at(-1), "BOOKMARK @3");
  assert.deepEqual((await none).map(told), ["ADDED b@3"]);
  assert.equal(f.clock.pending, 0);
});

test("a revision that history has forgotten is an ERROR event", async () => {
  await using f = await createRegistryWorld({ ringSize: 2 });
  for (let i = 0; i < 5; i++) await f.widgets.create(widget(`w${i}`), USER);
  const slow = reader(f.widgets, { resourceVersion: "2" });
  await f.store.compact(5);
  const events = await slow.all();
  assert.deepEqual(events.map(told), ["ERROR Expired: too old resource version: 2 (5)"]);
  assert.ok(events[0]!.type === "ERROR" && events[0]!.status.code === 410);
  const fine = reader(f.widgets, { resourceVersion: "5" });
  assert.deepEqual((await fine.take(1)).map(told), ["ADDED w4@6"]);
  await fine.stop();
});

test("a reader that falls behind what is held goes on in the store's history, until that is gone too", async () => {
  await using f = await createRegistryWorld({ ringSize: 4 });
  const slow = reader(f.widgets, { resourceVersion: "1" });
  await f.widgets.create(widget("a"), USER);
  assert.deepEqual((await slow.take(1)).map(told), ["ADDED a@2"]);
  for (let i = 0; i < 20; i++) await f.widgets.create(widget(`b${i}`), USER);
  assert.deepEqual(
    (await slow.take(20)).map(told),
    Array.from({ length: 20 }, (_, i) => `ADDED b${i}@${i + 3}`),
  );
  for (let i = 0; i < 20; i++) await f.widgets.create(widget(`c${i}`), USER);
  await f.store.compact(40);
  assert.deepEqual((await slow.all()).map(told), ["ERROR Expired: too old resource version: 22 (40)"]);
});

test("a watch from a revision that is yet to come is silent until then, however long that is", async () => {
  await using f = await createRegistryWorld();
  const early = reader(f.widgets, { resourceVersion: "3", allowWatchBookmarks: true, timeoutSeconds: 3600 });
  early.begin();
  await f.clock.advance(10_000);
  for (const name of ["a", "b", "c"]) await f.widgets.create(widget(name), USER);
  assert.deepEqual((await early.take(1)).map(told), ["ADDED c@4"]);
  await early.stop();
});

test("objects that shall be as new as a revision that is yet to come are waited for a little", async () => {
  await using f = await createRegistryWorld();
  const never = reader(f.widgets, {
    resourceVersion: "99",
    resourceVersionMatch: "NotOlderThan",
    sendInitialEvents: true,
  });
  const ended = never.all();
  await f.clock.advance(3000);
  assert.deepEqual((await ended).map(told), ["ERROR Timeout: Timeout: Too large resource version: 99, current: 1"]);
});

test("a watch ends with its signal, and leaves nothing behind", async () => {
  await using f = await createRegistryWorld();
  const stop = new AbortController();
  const seen: string[] = [];
  const loop = (async () => {
    for await (const batch of f.widgets.watch({
      signal: stop.signal,
      allowWatchBookmarks: true,
      timeoutSeconds: 600,
    })) {
      seen.push(...batch.map(told));
    }
  })();
  await f.clock.advance(0);
  await f.widgets.create(widget("a"), USER);
  await f.clock.advance(0);
  stop.abort();
  await loop;
  assert.deepEqual(seen, ["ADDED a@2"]);
  assert.equal(f.clock.pending, 0);
});

test("a change wakes only the watchers that it can concern", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.list({});
  let looked = 0;
  const watches = Array.from({ length: 200 }, (_, i) => {
    const stop = new AbortController();
    const iterator = f.widgets
      .watch({ fieldSelector: `metadata.name=w${i}`, namespace: "default", resourceVersion: "1", signal: stop.signal })
      [Symbol.asyncIterator]();
    void iterator.next().then(() => looked++);
    return { stop, iterator };
  });
  await f.clock.advance(0);
  await f.widgets.create(widget("w7"), USER);
  await f.clock.advance(0);
  assert.equal(looked, 1);
  for (const { stop, iterator } of watches) {
    stop.abort();
    await iterator.return?.();
  }
});
