import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMap } from "../json.ts";
import { deepFreeze } from "../object.ts";
import { hasReason } from "../status-error.ts";
import { applyMergePatch } from "./index.ts";

type Map = Record<string, unknown>;

/** RFC 7386 appendix A, as far as documents are objects, and what upstream does beyond it. */
const CASES: readonly (readonly [document: Map, patch: Map, result: Map])[] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: "b" }, { a: { c: null, d: 1 } }, { a: { d: 1 } }],
  [{ a: { b: 1 } }, { a: [{ c: null }, null] }, { a: [{ c: null }, null] }],
  [{ a: 1 }, {}, { a: 1 }],
];

test("patches do what RFC 7386 says", () => {
  for (const [document, patch, result] of CASES) {
    const frozen = deepFreeze(structuredClone(document));
    assert.deepEqual(applyMergePatch(frozen, deepFreeze(structuredClone(patch))), result, JSON.stringify(patch));
  }
});

test("a patch that is no object is a bad request", () => {
  const patches: readonly (readonly [unknown, string])[] = [
    [null, "Invalid JSON Patch"],
    [[], "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"],
    ["x", "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"],
    [true, "error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}"],
  ];
  for (const [patch, message] of patches) {
    assert.throws(
      () => applyMergePatch({}, patch),
      (error: Error) => error.message === message && hasReason(error, "BadRequest"),
    );
  }
});

test("nothing reaches the prototype of objects", () => {
  const patch = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown;
  const result = applyMergePatch({}, patch);
  assert.deepEqual(Object.keys(result), ["__proto__", "constructor"]);
  assert.equal(({} as Map)["polluted"], undefined);
  assert.deepEqual(applyMergePatch(deepFreeze(result), JSON.parse('{"__proto__":null}')), {
    constructor: { prototype: { polluted: 1 } },
  });
});

const value = fc.jsonValue({ maxDepth: 3 });
const map = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), value);

/** The patch that turns one document into another, as far as that is possible: null cannot be set. */
function difference(from: Map, to: Map): Map {
  const patch: Map = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const [key, part] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    patch[key] = isMap(before) && isMap(part) ? difference(before, part) : part;
  }
  return patch;
}

const withoutNulls = (part: unknown): unknown =>
  Array.isArray(part)
    ? part.map(withoutNulls)
    : isMap(part)
      ? Object.fromEntries(
          Object.entries(part)
            .filter(([, inner]) => inner !== null)
            .map(([key, inner]) => [key, withoutNulls(inner)]),
        )
      : part;

test("the difference of two documents leads from one to the other, also when applied twice", () => {
  fc.assert(
    fc.property(map, map, (before, after) => {
      const [from, to] = [withoutNulls(before) as Map, withoutNulls(after) as Map];
      const patch = difference(from, to);
      const once = applyMergePatch(deepFreeze(structuredClone(from)), patch);
      assert.deepEqual(once, to);
      assert.deepEqual(applyMergePatch(once, patch), to);
    }),
  );
});

test("a patch shares nothing with its result", () => {
  const patch = { a: { b: [{ c: 1 }] } };
  const result = applyMergePatch({}, patch) as typeof patch;
  result.a.b[0]!.c = 2;
  assert.equal(patch.a.b[0]!.c, 1);
});
