import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import { StoreUnavailable, type Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { TimedStore } from "./timed-store.ts";

const put = (key: string) => ({
  expect: [],
  writes: [{ type: "put" as const, key: `/registry/${key}`, value: new Uint8Array([1]) }],
});

function world() {
  const clock = createVirtualClock();
  const below = createMemoryStore({ clock, history: "all" });
  const open = () => new TimedStore(below, { clock, random: createRandom(1), commitMs: 50 });
  return { clock, below, open };
}

test("a commit is visible to readers and watchers when it is acknowledged, and not before", async () => {
  const { clock, below, open } = world();
  const store: Store = open();
  const told: number[] = [];
  const watching = store.watch({ from: 1, prefix: "/registry/" }, ({ revision }) => void told.push(revision));
  await clock.advance(0);
  assert.ok((await watching).ok);

  const acknowledged: number[] = [];
  for (const key of ["a", "b", "c"]) {
    void store.commit(put(key)).then((result) => {
      assert.ok(result.ok);
      assert.equal(told.at(-1), result.revision, "its watchers have been told");
      acknowledged.push(result.revision);
    });
  }
  assert.deepEqual([below.revision, store.revision], [4, 1], "the store below is ahead");
  const early = store.range({ start: "/registry/", end: "/registry0" });
  await clock.advance(0);
  const read = await early;
  assert.deepEqual(read.ok && [read.revision, read.value.count], [1, 0]);
  assert.equal((await store.get("/registry/a", 4)).ok, false);
  await clock.advance(200);
  assert.deepEqual(acknowledged, [2, 3, 4]);
  assert.deepEqual(told, [2, 3, 4]);
});

test("what was under way when the process died is never acknowledged, and is there or not when it is opened again", async () => {
  const { clock, open } = world();
  const store = open();
  const first = store.commit(put("first"));
  await clock.advance(100);
  assert.ok((await first).ok);
  const refused = assert.rejects(store.commit(put("second")), StoreUnavailable);
  await store.die();
  await clock.advance(100);
  await refused;
  await assert.rejects(store.commit(put("third")), StoreUnavailable);

  const again = open();
  const reading = again.range({ start: "/registry/", end: "/registry0" });
  await clock.advance(0);
  const read = await reading;
  assert.deepEqual(read.ok && read.value.entries.map(({ key }) => key), ["/registry/first", "/registry/second"]);
});

test("time stands still until the store below has done what is due", async () => {
  const { clock, below } = world();
  let turns = 0;
  const slow: Store = new Proxy(below, {
    get(_, name) {
      if (name !== "commit") return below[name as keyof Store];
      return async (commit: Parameters<Store["commit"]>[0]) => {
        for (; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
        return below.commit(commit);
      };
    },
  });
  const store = new TimedStore(slow, { clock, random: createRandom(1), commitMs: 10 });
  let at = -1;
  void store.commit(put("a")).then(() => (at = clock.monotonic()));
  await clock.advance(1_000);
  assert.equal(turns, 50);
  assert.ok(at >= 1 && at <= 10, `acknowledged at ${at} ms`);
});
