import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { found, plain, plainResult, put, putOf, record } from "#store/testing";
import { type Store, StoreUnavailable } from "#store";
import type { Failpoint } from "./session.ts";
import { openLmdbStore } from "./store.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

/** A store whose medium fails where `failing` says, by calling it. */
async function failingStore(t: TestContext) {
  const dir = await temporaryDirectory(t);
  const failing = new Map<Failpoint, () => void>();
  const store = await openLmdbStore({ dir, noSync: true, failpoint: (at) => failing.get(at)?.() });
  t.after(() => store.close());
  const fail = () => {
    throw Object.assign(new Error("EIO: i/o error, write"), { code: "EIO" });
  };
  return { dir, store, failing, fail };
}

const value = async (store: Store, key: string) => plain(found(await store.get(key)))?.value;

test("a failed write is refused, reads go on, and the next one gets the next revision", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  const watch = await record(store, 1);
  await put(store, "/a", "1");
  failing.set("before-write", fail);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(put(store, "/a", "lost"), (error) => {
      assert(error instanceof StoreUnavailable);
      assert.match(error.message, /i\/o error/);
      return true;
    });
    assert.equal(await value(store, "/a"), "1");
    assert.equal(store.revision, 2);
  }
  failing.clear();
  assert.equal(await put(store, "/a", "2"), 3);
  assert.deepEqual(
    watch.events.map(({ revision, entry }) => [revision, plain(entry)?.value]),
    [
      [2, "1"],
      [3, "2"],
    ],
  );
});

test("a write that failed only by its news stands, and is told of once", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  const watch = await record(store, 1);
  await put(store, "/a", "1");
  failing.set("after-write", fail);
  assert.equal(await put(store, "/a", "2"), 3);
  failing.clear();
  assert.equal(await put(store, "/a", "3"), 4);
  assert.deepEqual(
    watch.events.map(({ revision, entry }) => [revision, plain(entry)?.value]),
    [
      [2, "1"],
      [3, "2"],
      [4, "3"],
    ],
  );
});

test("while the files cannot be opened everything is refused, afterwards all goes on without a gap", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  const watch = await record(store, 1);
  await put(store, "/a", "1");
  failing.set("after-write", fail);
  failing.set("open", fail);
  await assert.rejects(put(store, "/a", "2"), StoreUnavailable);
  await assert.rejects(store.get("/a"), StoreUnavailable);
  await assert.rejects(store.range({ start: "/", end: "0" }), StoreUnavailable);
  await assert.rejects(put(store, "/a", "3"), StoreUnavailable);
  assert.equal(store.revision, 2);
  failing.clear();
  // The second commit was on disk after all, though the store could not know.
  assert.equal(await value(store, "/a"), "2");
  assert.equal(await put(store, "/a", "4"), 4);
  assert.deepEqual(
    watch.events.map(({ revision, entry }) => [revision, plain(entry)?.value]),
    [
      [2, "1"],
      [3, "2"],
      [4, "4"],
    ],
  );
});

test("what was decided upon a write that fails, fails with it", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  await put(store, "/a", "1");
  let dependent: Promise<unknown> | undefined;
  let independent: Promise<unknown> | undefined;
  let conflicting: Promise<unknown> | undefined;
  failing.set("before-write", () => {
    // In the middle of writing the first: these are decided upon it, for the next group.
    failing.clear();
    const expect = [{ key: "/a", modRevision: 3 }];
    dependent = assert.rejects(store.commit({ expect, writes: [putOf("/a", "3")] }), StoreUnavailable);
    independent = assert.rejects(store.commit({ expect: [], writes: [putOf("/b", "1")] }), StoreUnavailable);
    // This one conflicts with the first alone, and holds once that is gone.
    conflicting = store.commit({ expect: [{ key: "/c", modRevision: 0 }], writes: [putOf("/c", "2")] });
    fail();
  });
  const first = store.commit({ expect: [], writes: [putOf("/a", "2"), putOf("/c", "1")] });
  await assert.rejects(first, StoreUnavailable);
  await dependent;
  await independent;
  assert.deepEqual(await conflicting, { ok: true, revision: 3 });
  assert.equal(await value(store, "/a"), "1");
  assert.equal(await value(store, "/b"), undefined);
  assert.equal(await value(store, "/c"), "2");
});

test("a conflict with a pending write is answered once that is durable, with what it wrote", async (t) => {
  const { store, failing } = await failingStore(t);
  let durable = false;
  failing.set("after-write", () => (durable = true));
  const first = put(store, "/a", "1");
  const result = await store.commit({ expect: [{ key: "/a", modRevision: 0 }], writes: [putOf("/a", "2")] });
  assert(durable);
  const entry = { key: "/a", value: "1", modRevision: 2, createRevision: 2 };
  assert.deepEqual(plainResult(result), { ok: false, reason: "conflict", key: "/a", entry });
  assert.equal(await first, 2);
});

test("a watch that starts while the store recovers waits for it", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  await put(store, "/a", "1");
  failing.set("before-write", fail);
  const refused = assert.rejects(put(store, "/a", "2"), StoreUnavailable);
  const watch = await record(store, 1);
  await refused;
  failing.clear();
  await put(store, "/a", "3");
  assert.deepEqual(
    watch.events.map(({ revision }) => revision),
    [2, 3],
  );
});

test("a compaction that the disk refuses is refused, and can be repeated", async (t) => {
  const { store, failing, fail } = await failingStore(t);
  for (let i = 0; i < 500; i++) void put(store, "/a", `${i}`);
  await put(store, "/a", "last");
  let transactions = 0;
  failing.set("before-write", () => {
    if (++transactions === 2) fail();
  });
  await assert.rejects(store.compact(450), StoreUnavailable);
  assert.equal(store.compacted, 450, "no reader may see what is partly gone");
  failing.clear();
  await store.compact(460);
  assert.equal(store.compacted, 460);
  const watch = await record(store, 460);
  assert.equal(watch.events.length, store.revision - 460);
});

test("a compaction that was cut short is finished after opening", async (t) => {
  const { dir, store, failing, fail } = await failingStore(t);
  for (let i = 0; i < 700; i++) void put(store, `/k${i % 3}`, `${i}`);
  await put(store, "/a", "last");
  let transactions = 0;
  failing.set("before-write", () => {
    if (++transactions === 2) fail();
  });
  await assert.rejects(store.compact(650), StoreUnavailable);
  await store.close();
  let writes = 0;
  const again = await openLmdbStore({
    dir,
    noSync: true,
    failpoint: (at) => {
      if (at === "before-write") writes++;
    },
  });
  assert.equal(again.compacted, 650);
  assert.equal(again.revision, 702);
  assert.equal(await put(again, "/a", "more"), 703);
  await again.close();
  assert(writes > 1, "the rest was removed");
});
