import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CONFIG_MAPS, keyOf, type ConfigMap } from "#objects";
import type { Change } from "./cache.ts";
import { IndexedObjects } from "./indexed-objects.ts";

const typed = { apiVersion: "v1", kind: "ConfigMap" } as const;

/** A ConfigMap whose name, identity, version and label are chosen; the label is what the index files it under. */
const object = fc
  .record({ name: fc.constantFrom("a", "b", "c", "d"), uid: fc.nat(2), version: fc.nat(3), label: fc.nat(2) })
  .map(({ name, uid, version, label }): ConfigMap => {
    const labels = { x: String(label) };
    return {
      ...typed,
      metadata: { namespace: "default", name, uid: `${name}${uid}`, resourceVersion: `${version}-${label}`, labels },
    };
  });
const list = fc.uniqueArray(object, { selector: keyOf, maxLength: 4 });

/** The changes, applied to what a listener knew; each must fit what it knew. */
function follow(known: Map<string, ConfigMap>, changes: readonly Change<ConfigMap>[]): void {
  for (const { type, object: each, previous } of changes) {
    const key = keyOf(each);
    if (type === "added") assert.equal(known.has(key), false, `${key} is added twice`);
    else assert.equal(known.get(key)?.metadata.uid, each.metadata.uid, `${type} of another ${key}`);
    if (type === "modified") assert.equal(known.get(key), previous);
    if (type === "deleted") known.delete(key);
    else known.set(key, each);
  }
}

test("after any lists and writes the indexes hold what is there, and the changes lead there", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(object, list), { maxLength: 12 }), (steps) => {
      const objects = new IndexedObjects(CONFIG_MAPS);
      objects.addIndex("x", ({ metadata }) => metadata.labels?.["x"]);
      const known = new Map<string, ConfigMap>();
      for (const step of steps) {
        const isList = Array.isArray(step);
        follow(known, isList ? objects.replace(step) : objects.put(keyOf(step), step));
        const versions = (all: Iterable<ConfigMap>) =>
          [...all].map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).sort();
        assert.deepEqual(versions(objects.values()), versions(known.values()));
        if (isList) assert.deepEqual(versions(objects.values()), versions(step));
        for (const value of ["0", "1", "2"]) {
          const expected = [...known.values()].filter(({ metadata }) => metadata.labels?.["x"] === value);
          assert.deepEqual(versions(objects.index("x").get(value)), versions(expected));
          assert.equal(objects.index("x").count(value), expected.length);
        }
      }
    }),
  );
});

test("a built-in index that is first looked at late holds what was there before", () => {
  const objects = new IndexedObjects(CONFIG_MAPS);
  const one: ConfigMap = { ...typed, metadata: { namespace: "shop", name: "a", uid: "1", resourceVersion: "1" } };
  objects.put(keyOf(one), one);
  assert.deepEqual(objects.index("namespace").get("shop"), [one]);
  objects.delete(keyOf(one));
  assert.deepEqual(objects.index("namespace").get("shop"), []);
  assert.equal(objects.delete(keyOf(one)), false);
});
