import assert from "node:assert/strict";
import { type Entry, prefixEnd, type Store } from "#store";
import { type Behaviour, commit, deleteOf, found, plain, put, putOf, remove } from "./suite.ts";

/** What may happen to a key while a client reads pages at an earlier revision. */
const borderChanges: readonly { readonly name: string; apply(store: Store, key: string): Promise<unknown> }[] = [
  { name: "changed", apply: (store, key) => put(store, key, "new") },
  { name: "deleted", apply: (store, key) => remove(store, key) },
  {
    name: "deleted and made again",
    async apply(store, key) {
      await remove(store, key);
      await put(store, key, "new");
    },
  },
  {
    name: "changed more often than an engine steps over",
    async apply(store, key) {
      for (let i = 0; i < 12; i++) await put(store, key, `${i}`);
    },
  },
  {
    name: "made again and deleted again",
    async apply(store, key) {
      await remove(store, key);
      await put(store, key, "new");
      await remove(store, key);
    },
  },
];

/** The pages of all keys at a revision, each continued behind the last key of the one before, as lists are. */
async function* pagesAt(store: Store, at: number, limit: number): AsyncGenerator<readonly Entry[]> {
  for (let start = "/"; ;) {
    const { entries, more } = found(await store.range({ start, end: "0", limit, at }));
    assert(entries.length > 0 || !more, "a page that is not the last holds something");
    if (entries.length > 0) yield entries;
    if (!more) return;
    const next = `${entries.at(-1)!.key}\0`;
    assert(next > start, "each page begins behind the one before");
    start = next;
  }
}

/** R: what reads see. */
export function readBehaviours(behaviour: Behaviour): void {
  behaviour("R1 a read tells the revision it was made at", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/b", "1");
    const now = await store.get("/a");
    assert(now.ok);
    assert.equal(now.revision, 3);
    const before = await store.get("/a", 2);
    assert(before.ok);
    assert.equal(before.revision, 2);
    const range = await store.range({ start: "/", end: "0", at: 2 });
    assert(range.ok);
    assert.equal(range.revision, 2);
  });

  behaviour("R2 a key reads as it was at each revision", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/other", "x");
    await put(store, "/a", "2");
    await remove(store, "/a");
    await put(store, "/other", "y");
    await put(store, "/a", "3");
    const seen = [];
    for (let at = 1; at <= 7; at++) seen.push(plain(found(await store.get("/a", at)))?.value);
    assert.deepEqual(seen, [undefined, "1", "1", "2", undefined, undefined, "3"]);
    const expected = { key: "/a", value: "1", modRevision: 2, createRevision: 2 };
    assert.deepEqual(plain(found(await store.get("/a", 3))), expected);
  });

  behaviour("R3 a range holds its start and not its end, in order", async (store) => {
    for (const key of ["/c", "/a", "/d", "/b", "/e"]) await put(store, key, "1");
    const { entries, more, count } = found(await store.range({ start: "/b", end: "/d" }));
    assert.deepEqual(
      entries.map(({ key }) => key),
      ["/b", "/c"],
    );
    assert.equal(more, false);
    assert.equal(count, 2);
  });

  behaviour("R4 an empty or inverted range holds nothing", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/b", "1");
    for (const [start, end] of [
      ["/x", "/y"],
      ["/a", "/a"],
      ["/b", "/a"],
    ] as const) {
      for (const at of [undefined, 2]) {
        const value = found(await store.range({ start, end, ...(at && { at }) }));
        assert.deepEqual(value, { entries: [], more: false, count: 0 });
        const counted = found(await store.range({ start, end, countOnly: true, ...(at && { at }) }));
        assert.deepEqual(counted, { entries: [], more: false, count: 0 });
      }
    }
  });

  behaviour("R5 a limit cuts, says so, and counts what there is altogether", async (store) => {
    await commit(
      store,
      Array.from({ length: 10 }, (_, i) => putOf(`/k${i}`, `${i}`)),
    );
    await commit(store, [putOf("/k5", "new"), deleteOf("/k9")]);
    for (const [at, all] of [
      [2, 10],
      [3, 9],
    ] as const) {
      for (const limit of [0, 1, 8, 9, 10, 11]) {
        const value = found(await store.range({ start: "/k", end: "/l", limit, at }));
        assert.equal(value.entries.length, Math.min(limit, all));
        assert.equal(value.more, limit < all, `more with limit ${limit} at ${at}`);
        assert.equal(value.count, all);
      }
    }
  });

  behaviour("R6 pages at one revision put together are the whole, whatever happens meanwhile", async (store) => {
    const keys = Array.from({ length: 50 }, (_, i) => `/k${String(i).padStart(2, "0")}`);
    for (const key of keys) await put(store, key, "old");
    const at = store.revision;
    const seen: string[] = [];
    for (let start = "/k"; ;) {
      const { entries, more } = found(await store.range({ start, end: "/l", limit: 7, at }));
      for (const entry of entries) seen.push(`${entry.key}=${plain(entry)!.value}`);
      if (!more) break;
      start = `${entries.at(-1)!.key}\u0001`;
      await commit(store, [deleteOf(keys[seen.length]!), putOf(keys[seen.length - 2]!, "new"), putOf(`/k${at}x`, "n")]);
    }
    assert.deepEqual(
      seen,
      keys.map((key) => `${key}=old`),
    );
  });

  for (const change of borderChanges) {
    behaviour(
      `R13 pages of the past hold each key once when the key at the border is ${change.name}`,
      async (store) => {
        // Some begin with others, so that the versions of one lie close to those of the next.
        const keys = ["/k", "/k\u0001", "/k ", "/k/a", "/k/a/b", "/k/ab", "/kk", "/l"];
        for (const key of keys) await put(store, key, "older");
        await commit(
          store,
          keys.map((key) => putOf(key, "old")),
        );
        const at = store.revision;
        const sorted = keys.toSorted();
        for (let limit = 1; limit <= keys.length + 1; limit++) {
          const pages = pagesAt(store, at, limit);
          const seen: string[] = [];
          for await (const page of pages) {
            seen.push(...page.map((entry) => `${entry.key}=${plain(entry)!.value}`));
            // Before, at and after the border.
            const border = sorted.indexOf(page.at(-1)!.key);
            for (const key of sorted.slice(Math.max(0, border - 1), border + 2)) await change.apply(store, key);
          }
          assert.deepEqual(
            seen,
            sorted.map((key) => `${key}=old`),
            `limit ${limit}`,
          );
          // For the next round everything stands again.
          for (const key of keys) await put(store, key, "between");
        }
      },
    );
  }

  behaviour(
    "R14 pages of the past go on over a compaction up to their revision, and are refused after it",
    async (store) => {
      const keys = ["/a", "/b", "/c", "/d", "/e"];
      for (const key of keys) await put(store, key, "old");
      const at = store.revision;
      for (const key of keys) {
        await put(store, key, "new");
        await remove(store, key);
      }
      await put(store, "/b", "again");
      const seen: string[] = [];
      for await (const page of pagesAt(store, at, 2)) {
        seen.push(...page.map(({ key }) => key));
        await store.compact(at);
      }
      assert.deepEqual(seen, keys);
      await store.compact(at + 1);
      assert.deepEqual(await store.range({ start: "/b\0", end: "0", limit: 2, at }), {
        ok: false,
        reason: "too-old",
        compacted: at + 1,
      });
    },
  );

  behaviour("R15 a bound with NUL lies between its key and the next, now and in the past", async (store) => {
    for (const key of ["/a", "/a\u0001", "/b", "/b/c", "/c"]) await put(store, key, "old");
    const at = store.revision;
    for (const key of ["/a", "/b", "/b/c"]) await put(store, key, "new");
    for (const read of [{}, { at }]) {
      for (const [start, end, expected] of [
        ["/a\0", "/b\0", ["/a\u0001", "/b"]],
        ["/a\0zzz", "/b\0\0", ["/a\u0001", "/b"]],
        ["/a", "/a\0", ["/a"]],
        ["/b", "/b\0", ["/b"]],
        ["/b\0", "/b\0", []],
        ["/b\0", "/b\u0001", []],
        ["/b\0", "/c\0", ["/b/c", "/c"]],
      ] as const) {
        const { entries, count } = found(await store.range({ start, end, ...read }));
        assert.deepEqual(
          entries.map(({ key }) => key),
          expected,
          JSON.stringify({ start, end, ...read }),
        );
        assert.equal(count, expected.length);
        assert.equal(found(await store.range({ start, end, countOnly: true, ...read })).count, expected.length);
      }
    }
  });

  behaviour("R16 bounds that no key could have are bounds like others", async (store) => {
    for (const key of ["/a", "/b", "/c"]) await put(store, key, "old");
    const at = store.revision;
    await put(store, "/b", "new");
    const long = "x".repeat(9_000);
    for (const read of [{}, { at }]) {
      for (const [start, end, expected] of [
        ["", "/b", ["/a"]],
        [`/a${long}`, "/d", ["/b", "/c"]],
        ["/a", `/b${long}`, ["/a", "/b"]],
        [`/b${long}`, `/b${long}x`, []],
        ["/b\ud800", "/d", ["/c"]],
        ["/a", "/b\udfff", ["/a", "/b"]],
      ] as const) {
        const { entries } = found(await store.range({ start, end, ...read }));
        assert.deepEqual(
          entries.map(({ key }) => key),
          expected,
          JSON.stringify({ start: start.slice(0, 9), end: end.slice(0, 9), ...read }),
        );
      }
    }
  });

  behaviour("R17 a key that no commit may write is never there, and asking for it harms nothing", async (store) => {
    const at = await put(store, "/a", "old");
    await put(store, "/a", "new");
    for (const key of ["", "/a\0", "/a\ud800", `/${"x".repeat(1024)}`, `/a${"x".repeat(9_000)}`]) {
      assert.equal(found(await store.get(key)), undefined);
      assert.equal(found(await store.get(key, at)), undefined);
    }
    assert.equal(plain(found(await store.get("/a")))?.value, "new");
  });

  behaviour("R7 counting alone gives the count and no entries", async (store) => {
    for (const key of ["/a/1", "/a/2", "/b/1"]) await put(store, key, "1");
    await remove(store, "/a/1");
    const count = async (at?: number) =>
      found(await store.range({ start: "/a/", end: prefixEnd("/a/"), countOnly: true, ...(at && { at }) }));
    assert.deepEqual(await count(), { entries: [], more: false, count: 1 });
    assert.deepEqual(await count(4), { entries: [], more: false, count: 2 });
  });

  behaviour("R8 keys are ordered by their bytes in UTF-8", async (store) => {
    const keys = [
      "/a",
      "/a!",
      "/a/b",
      "/a0",
      "/aa",
      "/b",
      "/\u00e9",
      "/\u20ac",
      "/\ud7ff",
      "/\ue000",
      "/\uffff",
      "/\u{1f600}",
    ];
    for (const key of keys.toReversed()) await put(store, key, "1");
    for (const at of [undefined, store.revision]) {
      const { entries } = found(await store.range({ start: "/", end: "0", ...(at && { at }) }));
      assert.deepEqual(
        entries.map(({ key }) => key),
        keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
    }
    await put(store, "/a", "2");
    const { entries } = found(await store.range({ start: "/a", end: "/\ue000", at: store.revision - 1 }));
    assert.deepEqual(
      entries.map(({ key }) => key),
      ["/a", "/a!", "/a/b", "/a0", "/aa", "/b", "/\u00e9", "/\u20ac", "/\ud7ff"],
    );
  });

  behaviour("R9 a key that is the beginning of another is not confused with it", async (store) => {
    await put(store, "/a", "1");
    await put(store, "/a/b", "1");
    await put(store, "/a", "2");
    await remove(store, "/a");
    assert.equal(plain(found(await store.get("/a", 3)))?.value, "1");
    assert.equal(plain(found(await store.get("/a/b", 3)))?.value, "1");
    assert.equal(found(await store.get("/a/b", 2)), undefined);
    const { entries } = found(await store.range({ start: "/a", end: "/b", at: 4 }));
    assert.deepEqual(
      entries.map((entry) => plain(entry)!.value),
      ["2", "1"],
    );
  });

  behaviour("R10 a revision in the future is refused with the present one", async (store) => {
    await put(store, "/a", "1");
    const refusal = { ok: false, reason: "too-new", revision: 2 };
    assert.deepEqual(await store.get("/a", 3), refusal);
    assert.deepEqual(await store.range({ start: "/", end: "0", at: 99 }), refusal);
  });

  behaviour("R11 after a commit has resolved every read sees it", async (store) => {
    for (let i = 0; i < 50; i++) {
      const revision = await put(store, "/a", `${i}`);
      const [now, at, range] = await Promise.all([
        store.get("/a"),
        store.get("/a", revision),
        store.range({ start: "/", end: "0" }),
      ]);
      assert.equal(found(now)?.modRevision, revision);
      assert.equal(found(at)?.modRevision, revision);
      assert.equal(found(range).entries[0]?.modRevision, revision);
    }
  });

  behaviour("R12 a key with many versions reads right in ranges of the past", async (store) => {
    for (let i = 0; i < 30; i++) {
      await put(store, "/hot", `${i}`);
      if (i % 3 === 0) await put(store, "/warm", `${i}`);
    }
    await put(store, "/z", "1");
    const end = store.revision;
    const hot = new Map<number, string>();
    for (let at = 1; at <= end; at++) {
      const { entries, count } = found(await store.range({ start: "/", end: "0", at }));
      const one = plain(found(await store.get("/hot", at)));
      if (one) hot.set(one.modRevision, one.value);
      const singly = [];
      for (const key of ["/hot", "/warm", "/z"]) singly.push(plain(found(await store.get(key, at))));
      assert.deepEqual(
        entries.map(plain),
        singly.filter((entry) => entry !== undefined),
      );
      assert.equal(count, entries.length);
    }
    assert.deepEqual(
      [...hot.values()],
      Array.from({ length: 30 }, (_, i) => `${i}`),
    );
  });
}
