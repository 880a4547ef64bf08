import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import type { Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { laggingStore } from "./process-store.ts";

const put = (store: Store, name: string) =>
  store.commit({ expect: [], writes: [{ type: "put", key: `/registry/${name}`, value: new Uint8Array([1]) }] });

test("live events come late and in order, whatever the lag becomes; reads and the revision are not late", async () => {
  const clock = createVirtualClock();
  let lag = 1_000;
  const options = { clock, random: createRandom(1), lagMs: () => lag };
  const store = laggingStore(createMemoryStore({ clock }), options);
  await put(store, "before");
  const seen: number[] = [];
  await store.watch({ from: 1, prefix: "/registry/" }, ({ revision }) => void seen.push(revision));
  assert.deepEqual(seen, [2], "what history holds comes at once");

  for (let i = 0; i < 20; i++) {
    if (i === 10) lag = 0;
    await put(store, `key-${i}`);
    if (i === 5) await clock.advance(100);
  }
  assert.equal(store.revision, 22);
  assert.ok(seen.length < 10, "most of them are under way");
  await clock.advance(1_000);
  assert.deepEqual(
    seen,
    Array.from({ length: 21 }, (_, i) => i + 2),
  );
});

test("a watcher that was closed is told nothing of what was under way", async () => {
  const clock = createVirtualClock();
  const store = laggingStore(createMemoryStore({ clock }), { clock, random: createRandom(1), lagMs: () => 1_000 });
  const seen: number[] = [];
  const handle = await store.watch({ from: 1, prefix: "/registry/" }, ({ revision }) => void seen.push(revision));
  await put(store, "key");
  assert.ok(handle.ok);
  handle.close();
  await clock.advance(1_000);
  assert.deepEqual(seen, []);
});
