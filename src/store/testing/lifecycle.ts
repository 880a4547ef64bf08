import assert from "node:assert/strict";
import { type Behaviour, commit, deleteOf, found, plain, plainEvent, put, putOf, record } from "./suite.ts";

/** L: opening and closing. */
export function lifecycleBehaviours(behaviour: Behaviour): void {
  behaviour("L1 closing waits for what was begun, and may be repeated", async (store) => {
    const watch = await record(store, 1);
    const writes = Array.from({ length: 10 }, (_, i) => put(store, `/k${i}`, "1"));
    await Promise.all([store.close(), store.close()]);
    assert.deepEqual(
      await Promise.all(writes),
      writes.map((_, i) => i + 2),
    );
    assert.equal(watch.revision, 11);
    await store.close();
  });

  behaviour("L2 a closed store refuses everything", async (store) => {
    await put(store, "/a", "1");
    await store.close();
    await assert.rejects(store.get("/a"), /closed/);
    await assert.rejects(store.range({ start: "/", end: "0" }), /closed/);
    await assert.rejects(put(store, "/a", "2"), /closed/);
    await assert.rejects(
      store.watch({ from: 1, prefix: "" }, () => {}),
      /closed/,
    );
    await assert.rejects(store.compact(2), /closed/);
  });

  behaviour("L3 opened again, everything is as it was, and revisions go on", async (store, { reopen }) => {
    if (!reopen) return "skip";
    const live = await record(store, 1);
    await commit(store, [putOf("/a", "1", { parsed: true }), putOf("/b", "1")]);
    await put(store, "/a", "2");
    await commit(store, [deleteOf("/b")]);
    await commit(store, []);
    const again = await reopen();
    assert.equal(again.revision, 5);
    assert.equal(again.compacted, 0);
    assert.deepEqual(plain(found(await again.get("/a", 2)))?.value, "1");
    const late = await record(again, 1);
    assert.deepEqual(late.events.map(plainEvent), live.events.map(plainEvent));
    assert.equal(await commit(again, [putOf("/b", "2")], [{ key: "/a", modRevision: 3 }]), 6);
    return undefined;
  });

  behaviour("L4 opened again, what was compacted stays so", async (store, { reopen }) => {
    if (!reopen) return "skip";
    for (let i = 0; i < 4; i++) await put(store, "/a", `${i}`);
    await store.compact(5);
    const again = await reopen();
    assert.equal(again.revision, 5);
    assert.equal(again.compacted, 5);
    assert.equal(plain(found(await again.get("/a", 5)))?.value, "3");
    assert.equal(await put(again, "/a", "4"), 6);
    return undefined;
  });
}
