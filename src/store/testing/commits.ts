import assert from "node:assert/strict";
import { type Behaviour, commit, deleteOf, found, plain, plainResult, put, putOf, remove } from "./suite.ts";

/** C: what commits do. */
export function commitBehaviours(behaviour: Behaviour): void {
  behaviour("C1 an empty store is at revision 1 and nothing is compacted", async (store) => {
    assert.equal(store.revision, 1);
    assert.equal(store.compacted, 0);
    assert.equal(found(await store.get("/a")), undefined);
  });

  behaviour("C2 each commit makes the next revision, whatever it holds", async (store) => {
    assert.equal(await put(store, "/a", "1"), 2);
    assert.equal(await commit(store, [putOf("/a", "2"), putOf("/b", "1")]), 3);
    assert.equal(await remove(store, "/a"), 4);
    assert.equal(await commit(store, []), 5);
    assert.equal(store.revision, 5);
  });

  behaviour("C3 concurrent commits get consecutive revisions in the order of the calls", async (store) => {
    const revisions = await Promise.all(Array.from({ length: 700 }, (_, i) => put(store, `/k${i}`, "x")));
    assert.deepEqual(
      revisions,
      revisions.map((_, i) => i + 2),
    );
    assert.equal(store.revision, 701);
  });

  behaviour("C4 all writes of a commit are one revision", async (store) => {
    await commit(store, [putOf("/a", "1"), putOf("/b", "2"), putOf("/c", "3")]);
    const { entries } = found(await store.range({ start: "/", end: "0" }));
    assert.deepEqual(
      entries.map(({ modRevision }) => modRevision),
      [2, 2, 2],
    );
  });

  behaviour("C5 expecting 0 means that the key must not exist", async (store) => {
    const first = await store.commit({ expect: [{ key: "/a", modRevision: 0 }], writes: [putOf("/a", "1")] });
    assert.deepEqual(first, { ok: true, revision: 2 });
    const second = await store.commit({ expect: [{ key: "/a", modRevision: 0 }], writes: [putOf("/a", "2")] });
    assert.deepEqual(plainResult(second), {
      ok: false,
      reason: "conflict",
      key: "/a",
      entry: { key: "/a", value: "1", modRevision: 2, createRevision: 2 },
    });
  });

  behaviour("C6 expecting a revision means that it wrote the key last", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    const stale = await store.commit({ expect: [{ key: "/a", modRevision: 2 }], writes: [putOf("/a", "3")] });
    assert(!stale.ok);
    assert.equal(stale.entry?.modRevision, 3);
    assert.equal(await commit(store, [putOf("/a", "3")], [{ key: "/a", modRevision: 3 }]), 4);
  });

  behaviour("C7 a conflict on a missing key shows no entry", async (store) => {
    const result = await store.commit({ expect: [{ key: "/a", modRevision: 7 }], writes: [] });
    assert.deepEqual(plainResult(result), { ok: false, reason: "conflict", key: "/a", entry: undefined });
  });

  behaviour("C8 a conflict writes nothing and uses no revision", async (store) => {
    await put(store, "/a", "1");
    const result = await store.commit({
      expect: [
        { key: "/a", modRevision: 2 },
        { key: "/b", modRevision: 5 },
      ],
      writes: [putOf("/a", "2"), deleteOf("/b"), putOf("/c", "1")],
    });
    assert(!result.ok);
    assert.equal(result.key, "/b");
    assert.equal(store.revision, 2);
    assert.equal(plain(found(await store.get("/a")))?.value, "1");
    assert.equal(found(await store.get("/c")), undefined);
  });

  behaviour("C9 an expectation may concern a key that is not written", async (store) => {
    await put(store, "/guard", "1");
    assert.equal(await commit(store, [putOf("/a", "1")], [{ key: "/guard", modRevision: 2 }]), 3);
    await put(store, "/guard", "2");
    const late = await store.commit({ expect: [{ key: "/guard", modRevision: 2 }], writes: [putOf("/a", "2")] });
    assert(!late.ok);
  });

  behaviour("C10 of concurrent commits that expect the same, exactly the first succeeds", async (store) => {
    await put(store, "/a", "0");
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.commit({ expect: [{ key: "/a", modRevision: 2 }], writes: [putOf("/a", `${i}`)] }),
      ),
    );
    assert.deepEqual(
      results.map(({ ok }) => ok),
      results.map((_, i) => i === 0),
    );
    for (const result of results.slice(1)) assert(!result.ok && result.entry?.modRevision === 3);
    assert.equal(store.revision, 3);
  });

  behaviour("C11 a commit may build on one that has not resolved yet", async (store) => {
    const results = await Promise.all([
      store.commit({ expect: [{ key: "/a", modRevision: 0 }], writes: [putOf("/a", "1")] }),
      store.commit({ expect: [{ key: "/a", modRevision: 2 }], writes: [putOf("/a", "2")] }),
      store.commit({ expect: [{ key: "/a", modRevision: 3 }], writes: [deleteOf("/a")] }),
      store.commit({ expect: [{ key: "/a", modRevision: 0 }], writes: [putOf("/a", "4")] }),
    ]);
    assert.deepEqual(results, [
      { ok: true, revision: 2 },
      { ok: true, revision: 3 },
      { ok: true, revision: 4 },
      { ok: true, revision: 5 },
    ]);
    const expected = { key: "/a", value: "4", modRevision: 5, createRevision: 5 };
    assert.deepEqual(plain(found(await store.get("/a"))), expected);
  });

  behaviour("C12 an update keeps the createRevision, a key made anew gets a new one", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/a", "2");
    assert.equal(found(await store.get("/a"))?.createRevision, 2);
    await remove(store, "/a");
    await put(store, "/a", "3");
    assert.equal(found(await store.get("/a"))?.createRevision, 5);
  });

  behaviour("C13 keys that cannot be stored are refused, and a key written twice", async (store) => {
    for (const key of ["", "/a\0b", "/\ud800", `/${"k".repeat(1024)}`]) {
      await assert.rejects(store.commit({ expect: [], writes: [putOf(key, "1")] }), RangeError);
    }
    await assert.rejects(store.commit({ expect: [], writes: [putOf("/a", "1"), deleteOf("/a")] }), RangeError);
    assert.equal(store.revision, 1);
    assert.equal(await put(store, `/${"k".repeat(1023)}`, "1"), 2);
  });

  behaviour("C14 values are kept byte for byte, of any size", async (store) => {
    const values = [0, 1, 15, 2000, 4096, 20_000, 70_000, 1_600_000].map((size) =>
      Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff),
    );
    for (const [i, value] of values.entries()) {
      await store.commit({ expect: [], writes: [{ type: "put", key: `/v${i}`, value }] });
    }
    // Writing them again moves them into the history.
    for (const i of values.keys()) await put(store, `/v${i}`, "new");
    const { entries } = found(await store.range({ start: "/v", end: "/w", at: 1 + values.length }));
    for (const [i, value] of values.entries()) {
      assert(Buffer.from(entries[i]!.value).equals(Buffer.from(value)), `value of ${value.length} bytes`);
    }
  });
}
