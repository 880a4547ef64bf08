import assert from "node:assert/strict";
import { createVirtualClock } from "#base";
import {
  type Behaviour,
  commit,
  deleteOf,
  found,
  plain,
  plainEvent,
  put,
  putOf,
  record,
  remove,
  until,
} from "./suite.ts";

/** H: what is remembered and what is forgotten. */
export function historyBehaviours(behaviour: Behaviour): void {
  behaviour("H1 below the compacted revision reads and watches are refused", async (store) => {
    for (let i = 0; i < 5; i++) await put(store, "/a", `${i}`);
    await store.compact(4);
    assert.equal(store.compacted, 4);
    const refusal = { ok: false, reason: "too-old", compacted: 4 };
    assert.deepEqual(await store.get("/a", 3), refusal);
    assert.deepEqual(await store.range({ start: "/", end: "0", at: 1 }), refusal);
    assert.deepEqual(await store.watch({ from: 3, prefix: "" }, () => {}), refusal);
  });

  behaviour("H2 the compacted revision itself and all later ones stay readable", async (store) => {
    await put(store, "/kept", "1");
    await put(store, "/changed", "1");
    await put(store, "/deleted", "1");
    await put(store, "/changed", "2");
    await remove(store, "/deleted");
    await commit(store, [putOf("/deleted", "2"), putOf("/changed", "3")]);
    const all = async (at: number) => found(await store.range({ start: "/", end: "0", at })).entries.map(plain);
    const before = new Map<number, unknown>();
    for (let at = 1; at <= 7; at++) before.set(at, await all(at));
    for (const at of [4, 5, 6, 7]) {
      await store.compact(at);
      for (let later = at; later <= 7; later++) {
        assert.deepEqual(await all(later), before.get(later), `at ${later} compacted to ${at}`);
        for (const key of ["/kept", "/changed", "/deleted"]) {
          assert.deepEqual(
            plain(found(await store.get(key, later))),
            (before.get(later) as ReturnType<typeof plain>[]).find((entry) => entry?.key === key),
          );
        }
      }
    }
  });

  behaviour("H3 events after the compacted revision are still told, with what stood before", async (store) => {
    const live = await record(store, 1);
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    await put(store, "/b", "1");
    await remove(store, "/b");
    await put(store, "/a", "3");
    await remove(store, "/a");
    for (const at of [2, 3, 4, 5, 6]) {
      await store.compact(at);
      const late = await record(store, at);
      assert.deepEqual(
        late.events.map(plainEvent),
        live.events.filter(({ revision }) => revision > at).map(plainEvent),
      );
    }
  });

  behaviour("H4 compacting earlier than before changes nothing, later than now is refused", async (store) => {
    for (let i = 0; i < 5; i++) await put(store, "/a", `${i}`);
    await store.compact(4);
    await store.compact(2);
    await store.compact(4);
    assert.equal(store.compacted, 4);
    await assert.rejects(store.compact(7), RangeError);
    await store.compact(6);
    assert.equal(store.compacted, 6);
    assert.equal(plain(found(await store.get("/a")))?.value, "4");
    assert.equal(await put(store, "/a", "5"), 7);
  });

  behaviour("H5 a live watcher goes on over a compaction", async (store) => {
    const watch = await record(store, 1);
    await put(store, "/a", "1");
    await store.compact(2);
    await put(store, "/a", "2");
    assert.deepEqual(
      watch.events.map(({ revision }) => revision),
      [2, 3],
    );
  });

  behaviour("H6 a key deleted and compacted away can be made again", async (store) => {
    await put(store, "/a", "1");
    await remove(store, "/a");
    await store.compact(3);
    assert.equal(found(await store.get("/a", 3)), undefined);
    assert.equal(await commit(store, [putOf("/a", "2")], [{ key: "/a", modRevision: 0 }]), 4);
    assert.deepEqual(plain(found(await store.get("/a"))), {
      key: "/a",
      value: "2",
      modRevision: 4,
      createRevision: 4,
    });
    assert.equal(found(await store.get("/a", 3)), undefined);
  });

  behaviour("H7 a long history can be compacted amid commits", async (store) => {
    for (let i = 0; i < 1000; i++) void put(store, `/k${i % 50}`, `${i}`);
    await put(store, "/a", "1");
    const compacting = store.compact(900);
    const more = Array.from({ length: 300 }, (_, i) => put(store, `/k${i % 50}`, `new ${i}`));
    await Promise.all([compacting, ...more]);
    assert.equal(store.compacted, 900);
    const { count } = found(await store.range({ start: "/", end: "0", at: 900 }));
    assert.equal(count, 50);
    assert.equal(plain(found(await store.get("/k0", 900)))?.value, "850");
    const late = await record(store, 900);
    assert.equal(late.events.length, store.revision - 900);
  });

  const clock = createVirtualClock();
  behaviour(
    "H8 by itself it forgets what neither the age nor the number of revisions keeps",
    async (store) => {
      const write = async (count: number) => {
        const keys = Array.from({ length: count }, (_, i) => put(store, `/k${i % 10}`, `${i}`));
        await Promise.all(keys);
      };
      await write(2000);
      assert.equal(store.compacted, 0, "all of it is young");
      await clock.advance(30_000);
      await write(1500);
      assert.equal(store.compacted, 0);
      await clock.advance(45_000);
      await write(1500);
      // The first 2000 are old now, the next 1500 are young.
      await until(() => store.compacted === 2001);
      await clock.advance(3_600_000);
      await write(1000);
      // It looks again with a commit at least 10 s after it last did.
      for (let i = 0; i < 100 && store.revision - store.compacted > 2600; i++) {
        await clock.advance(10_000);
        await put(store, "/last", `${i}`);
      }
      assert(store.revision - store.compacted >= 1000, "the newest revisions are kept at any age");
      assert(store.revision - store.compacted < 2600);
    },
    { clock, history: { ms: 60_000, revisions: 1000 } },
  );

  const later = createVirtualClock();
  behaviour(
    "H9 told to keep everything it never forgets by itself",
    async (store) => {
      for (let round = 0; round < 3; round++) {
        await Promise.all(Array.from({ length: 600 }, (_, i) => put(store, "/a", `${i}`)));
        await later.advance(24 * 3_600_000);
      }
      await commit(store, [deleteOf("/a")]);
      assert.equal(store.compacted, 0);
      assert.equal(plain(found(await store.get("/a", 2)))?.value, "0");
    },
    { clock: later, history: "all" },
  );
}
