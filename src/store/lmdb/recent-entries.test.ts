import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoreEvent } from "#store";
import { createRecentEntries } from "./recent-entries.ts";

const put = (key: string, size: number): StoreEvent => ({
  type: "put",
  revision: 2,
  key,
  entry: { key, value: new Uint8Array(size), modRevision: 2, createRevision: 2 },
});

test("the newest entries are kept, up to a number and to their bytes", () => {
  const recent = createRecentEntries(3, 100);
  for (const key of ["a", "b", "c"]) recent.apply(put(key, 10));
  recent.apply(put("a", 20));
  recent.apply(put("d", 10));
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => recent.get(key)?.value.length),
    [20, undefined, 10, 10],
  );
  recent.apply(put("e", 75));
  assert.deepEqual(
    ["a", "c", "d", "e"].map((key) => recent.get(key)?.value.length),
    [undefined, undefined, 10, 75],
  );
  recent.apply({ type: "delete", revision: 3, key: "e" });
  assert.equal(recent.get("e"), undefined);
  recent.apply(put("f", 90));
  assert.equal(recent.get("d")?.value.length, 10);
  recent.apply(put("huge", 101));
  assert.equal(recent.get("huge"), undefined);
});
