import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compactChain, entryAt, type VersionChain } from "./versions.ts";

/** A chain with a version at each of some revisions, deletions among them but not first. */
const chain = fc
  .uniqueArray(fc.record({ revision: fc.integer({ min: 2, max: 30 }), deleted: fc.boolean() }), {
    selector: ({ revision }) => revision,
    minLength: 1,
  })
  .map((versions): VersionChain => {
    const sorted = versions.toSorted((a, b) => a.revision - b.revision);
    return {
      key: "/a",
      versions: sorted.map(({ revision, deleted }, i) => ({
        revision,
        entry:
          deleted && i > 0
            ? undefined
            : { key: "/a", value: new Uint8Array(), modRevision: revision, createRevision: revision },
      })),
    };
  });

test("compaction keeps what can be read at its revision and later, and nothing else", () => {
  fc.assert(
    fc.property(chain, fc.integer({ min: 1, max: 32 }), (each, at) => {
      const before = Array.from({ length: 35 }, (_, revision) => entryAt(each, revision));
      const all = [...each.versions];
      const dropped = compactChain(each, at);
      for (let revision = at; revision < 35; revision++) assert.equal(entryAt(each, revision), before[revision]);
      assert.deepEqual([...dropped, ...each.versions], all);
      assert(each.versions.filter(({ revision }) => revision <= at).length <= 1);
      const [oldest] = each.versions;
      assert(!oldest || oldest.entry !== undefined || oldest.revision > at, "no deletion of nothing");
    }),
  );
});
