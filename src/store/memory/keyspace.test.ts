import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Entry } from "#store";
import { Keyspace } from "./keyspace.ts";

const entry = (key: string, revision: number): Entry => ({
  key,
  value: new Uint8Array(),
  modRevision: revision,
  createRevision: revision,
});

const keys = ["/a", "/b", "/b/c", "/d"] as const;
const writes = fc.array(fc.record({ key: fc.constantFrom(...keys), deletes: fc.boolean() }), { maxLength: 30 });

test("it answers at every revision as a map that is copied at each write", () => {
  fc.assert(
    fc.property(writes, fc.constantFrom(...keys, "/e"), fc.nat(4), (all, end, limit) => {
      const space = new Keyspace();
      const models: ReadonlyMap<string, Entry>[] = [new Map()];
      for (const [at, { key, deletes }] of all.entries()) {
        const model = new Map(models[at]);
        const put = deletes ? undefined : entry(key, at + 1);
        if (put) model.set(key, put);
        else if (!model.delete(key)) {
          // A commit never deletes what is not there.
          models.push(model);
          continue;
        }
        space.set(key, put, at + 1);
        models.push(model);
      }
      for (const [at, model] of models.entries()) {
        const expected = [...model.values()].filter(({ key }) => key < end).sort((a, b) => (a.key < b.key ? -1 : 1));
        const newest = at === models.length - 1;
        const range = (query: { limit?: number; countOnly?: boolean }) =>
          newest ? space.range({ start: "/", end, ...query }) : space.rangeAt({ start: "/", end, ...query }, at);
        assert.deepEqual(range({}), { entries: expected, more: false, count: expected.length });
        assert.deepEqual(range({ limit }), {
          entries: expected.slice(0, limit),
          more: expected.length > limit,
          count: expected.length,
        });
        assert.deepEqual(range({ countOnly: true }), { entries: [], more: false, count: expected.length });
        for (const key of keys) assert.equal(space.getAt(key, at), model.get(key));
      }
    }),
  );
});

test("a key that was deleted up to the compacted revision is forgotten, and one that was deleted later is not", () => {
  const space = new Keyspace();
  for (const [at, key] of ["/a", "/b"].entries()) space.set(key, entry(key, at + 1), at + 1);
  space.set("/a", undefined, 3);
  space.set("/b", undefined, 5);
  assert.equal(space.known, 2);
  for (const key of ["/a", "/b"]) space.compact(key, 4);
  assert.equal(space.known, 1);
  assert.equal(space.getAt("/b", 4)?.modRevision, 2);
  space.compact("/b", 5);
  assert.equal(space.known, 0);
});
