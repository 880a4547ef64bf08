import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../object.ts";
import { hasReason, StatusError } from "../status-error.ts";
import { applyJsonPatch, MAX_JSON_PATCH_OPERATIONS } from "./index.ts";

const REFUSED = Symbol("refused");

/** A document, operations, and what becomes of it: RFC 6902 appendix A and what upstream's library adds. */
const CASES: readonly (readonly [what: string, document: unknown, patch: (object | null)[], result: unknown])[] = [
  ["A.1 adds a member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
  [
    "A.2 adds an item",
    { foo: ["bar", "baz"] },
    [{ op: "add", path: "/foo/1", value: "qux" }],
    { foo: ["bar", "qux", "baz"] },
  ],
  ["A.3 removes a member", { baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
  ["A.4 removes an item", { foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
  ["A.5 replaces", { baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
  [
    "A.6 moves a member",
    { foo: { a: 1, b: 2 }, qux: { c: 3 } },
    [{ op: "move", from: "/foo/b", path: "/qux/d" }],
    { foo: { a: 1 }, qux: { c: 3, d: 2 } },
  ],
  [
    "A.7 moves an item",
    { foo: ["all", "grass", "cows", "eat"] },
    [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    { foo: ["all", "cows", "eat", "grass"] },
  ],
  [
    "A.8 tests",
    { baz: "qux", foo: ["a", 2, "c"] },
    [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
    ],
    { baz: "qux", foo: ["a", 2, "c"] },
  ],
  ["A.9 fails a test", { baz: "qux" }, [{ op: "test", path: "/baz", value: "bar" }], REFUSED],
  [
    "A.10 adds a nested member",
    { foo: "bar" },
    [{ op: "add", path: "/child", value: { grandchild: {} } }],
    { foo: "bar", child: { grandchild: {} } },
  ],
  ["A.12 adds to what is not there", { foo: "bar" }, [{ op: "add", path: "/baz/bat", value: "qux" }], REFUSED],
  ["A.14 unescapes", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
  ["A.15 tells strings from numbers", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: "10" }], REFUSED],
  [
    "A.16 adds a list",
    { foo: ["bar"] },
    [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    { foo: ["bar", ["abc", "def"]] },
  ],
  ["adds at the end", { foo: [1] }, [{ op: "add", path: "/foo/1", value: 2 }], { foo: [1, 2] }],
  ["does not add beyond the end", { foo: [1] }, [{ op: "add", path: "/foo/2", value: 2 }], REFUSED],
  [
    "counts from the end",
    { foo: [1, 2, 3] },
    [
      { op: "remove", path: "/foo/-1" },
      { op: "add", path: "/foo/-1", value: 9 },
    ],
    { foo: [1, 2, 9] },
  ],
  ["removes nothing that is not there", { foo: 1 }, [{ op: "remove", path: "/bar" }], REFUSED],
  [
    "replaces what an object lacks, as upstream does",
    { foo: 1 },
    [{ op: "replace", path: "/bar", value: 2 }],
    { foo: 1, bar: 2 },
  ],
  ["replaces no item that is not there", { foo: [1] }, [{ op: "replace", path: "/foo/1", value: 2 }], REFUSED],
  ["replaces the document", { foo: 1 }, [{ op: "replace", path: "", value: { bar: 2 } }], { bar: 2 }],
  ["replaces the document by no scalar", { foo: 1 }, [{ op: "replace", path: "", value: 2 }], REFUSED],
  ["adds no document", { foo: 1 }, [{ op: "add", path: "", value: { bar: 2 } }], REFUSED],
  [
    "copies",
    { foo: { a: [1] } },
    [
      { op: "copy", from: "/foo", path: "/bar" },
      { op: "add", path: "/bar/a/-", value: 2 },
    ],
    { foo: { a: [1] }, bar: { a: [1, 2] } },
  ],
  ["moves nothing into itself", { foo: { a: 1 } }, [{ op: "move", from: "/foo", path: "/foo/a" }], REFUSED],
  ["tests absence with null", { foo: 1 }, [{ op: "test", path: "/bar", value: null }], { foo: 1 }],
  [
    "tests maps in any order",
    { foo: { a: 1, b: 2 } },
    [{ op: "test", path: "/foo", value: { b: 2, a: 1 } }],
    { foo: { a: 1, b: 2 } },
  ],
  ["tests the document", { foo: 1 }, [{ op: "test", path: "", value: { foo: 1 } }], { foo: 1 }],
  ["knows no other operation", { foo: 1 }, [{ op: "merge", path: "/foo", value: 1 }], REFUSED],
  ["takes null for an operation that says nothing", { foo: 1 }, [null], REFUSED],
  ["needs an operation", { foo: 1 }, [{ path: "/foo", value: 1 }], REFUSED],
  ["needs a path", { foo: 1 }, [{ op: "add", value: 1 }], REFUSED],
  ["needs a source", { foo: 1 }, [{ op: "move", path: "/bar" }], REFUSED],
  [
    "sees nothing that objects inherit",
    {},
    [
      { op: "test", path: "/constructor", value: null },
      { op: "add", path: "/constructor/prototype/x", value: 1 },
    ],
    REFUSED,
  ],
  [
    "applies nothing when the last operation fails",
    { foo: 1 },
    [
      { op: "remove", path: "/foo" },
      { op: "remove", path: "/foo" },
    ],
    REFUSED,
  ],
];

test("operations do what RFC 6902 and upstream say", () => {
  for (const [what, document, patch, result] of CASES) {
    const before = deepFreeze(structuredClone(document));
    const run = () => applyJsonPatch(before, deepFreeze(structuredClone(patch)));
    if (result === REFUSED) {
      assert.throws(
        run,
        (error: StatusError) => {
          assert.equal(error.message, "the server rejected our request due to an error in our request", what);
          assert.equal(error.code, 422);
          return hasReason(error, "Invalid");
        },
        what,
      );
    } else assert.deepEqual(run(), result, what);
    assert.deepEqual(before, document, what);
  }
});

const MALFORMED: readonly (readonly [patch: unknown, message: string])[] = [
  [{}, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"],
  ["x", "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp"],
  [[1], "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"],
  [
    [{ op: "add", path: 1 }],
    "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
  ],
];

test("a malformed patch is a bad request, a long one too large", () => {
  for (const [patch, message] of MALFORMED) {
    assert.throws(
      () => applyJsonPatch({}, patch),
      (error: Error) => {
        assert.equal(error.message, message);
        return hasReason(error, "BadRequest");
      },
    );
  }
  const long = Array.from({ length: MAX_JSON_PATCH_OPERATIONS + 1 }, () => ({ op: "test", path: "/a", value: null }));
  assert.throws(() => applyJsonPatch({}, long), {
    message: "The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
  assert.deepEqual(applyJsonPatch({}, long.slice(1)), {});
});

test("copies may not make a document explode", () => {
  const doubling = Array.from({ length: 40 }, (_, i) => [
    { op: "copy", from: "/a", path: `/b${i}` },
    { op: "move", from: `/b${i}`, path: "/a/x" },
  ]).flat();
  assert.throws(
    () => applyJsonPatch({ a: { text: "x".repeat(100_000) } }, doubling),
    (error: StatusError) => error.code === 422,
  );
});

test("nothing reaches the prototype of objects", () => {
  const patch = JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":1}}]') as unknown;
  const result = applyJsonPatch({}, patch) as Record<string, unknown>;
  assert.deepEqual(Object.keys(result), ["__proto__"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
});

test("whatever the operations are, the answer is a document or a refusal, and the old document is untouched", () => {
  const key = fc.constantFrom("a", "b", "0", "1", "-", "-1", "~0", "a~1b", "", "x");
  const path = fc.array(key, { maxLength: 3 }).map((keys) => keys.map((each) => `/${each}`).join(""));
  const value = fc.jsonValue({ maxDepth: 2 });
  const operation = fc.record(
    { op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"), path, from: path, value },
    { requiredKeys: ["op"] },
  );
  const document = fc.dictionary(fc.constantFrom("a", "b", "a/b"), value);
  fc.assert(
    fc.property(document, fc.array(operation, { maxLength: 4 }), (before, operations) => {
      const frozen = deepFreeze(plain(before));
      try {
        const result = applyJsonPatch(frozen, operations);
        assert.equal(typeof result, "object");
        assertUnfrozen(result);
      } catch (error) {
        assert.ok(error instanceof StatusError && error.code === 422, String(error));
      }
      assert.deepEqual(frozen, plain(before));
    }),
  );
});

/** As JSON has it: made objects may lack a prototype. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function assertUnfrozen(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  assert.equal(Object.isFrozen(value) && Object.keys(value).length > 0, false);
  for (const part of Object.values(value)) assertUnfrozen(part);
}
