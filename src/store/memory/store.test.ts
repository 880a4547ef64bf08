import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import { retainedBy } from "#base/testing";
import { storeConformance } from "#store/testing";
import { createMemoryStore } from "./store.ts";

storeConformance(
  "memory",
  async (options) => {
    const store = createMemoryStore(options);
    return { store, dispose: () => store.close() };
  },
  300,
);

const value = (bytes: number) => new Uint8Array(bytes).fill(97);

test("history beyond its bytes goes, however young, and what stands stays readable", async () => {
  const store = createMemoryStore({ clock: createVirtualClock(), historyBytes: 10_000 });
  const put = (key: string, bytes: number) =>
    store.commit({ expect: [], writes: [{ type: "put", key, value: value(bytes) }] });
  await put("/still", 5_000);
  const early = store.revision;
  for (let i = 0; i < 9; i++) await put("/a", 1_000);
  assert.equal((await store.get("/a", early + 1)).ok, true, "8,000 bytes of history are kept");
  for (let i = 0; i < 20; i++) await put("/a", 1_000);
  assert.equal((await store.get("/a", early + 1)).ok, false, "28,000 are not");
  assert.equal((await store.get("/a", store.revision - 3)).ok, true, "the newest history is there");
  const still = await store.get("/still");
  assert.equal(still.ok && still.value?.value.length, 5_000);
  await store.close();
});

test("objects that came and went leave a bounded history in memory", async () => {
  const store = createMemoryStore({ clock: createVirtualClock(), historyBytes: 2 ** 20 });
  const storm = async (from: number) => {
    for (let i = from; i < from + 1_000; i++) {
      await store.commit({ expect: [], writes: [{ type: "put", key: `/${i}`, value: value(100_000) }] });
      await store.commit({ expect: [], writes: [{ type: "delete", key: `/${i}` }] });
    }
  };
  // 100 MB pass through.
  const held = await retainedBy(() => storm(0));
  assert.ok(held < 10 * 2 ** 20, `${held} bytes are held`);
  await store.close();
});
