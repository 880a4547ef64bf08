import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { int64, jsonText, nextGeneration, parseJson } from "./int64.ts";

const MAX = 2n ** 63n - 1n;

const integer = fc.bigInt({ min: -(2n ** 63n), max: MAX }).map(int64);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    integer,
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.constant("12345678901234567890"),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
})).value;

test("what is written reads as the same, with every digit", () => {
  fc.assert(
    fc.property(json, fc.constantFrom(0, 2), (value, indent) => {
      const text = jsonText(value, indent);
      assert.deepEqual(parseJson(text), parseJson(jsonText(parseJson(text))));
      assert.equal(jsonText(parseJson(text), indent), text);
    }),
  );
});

test("a value without large integers is written as the engine writes it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(jsonText(value), JSON.stringify(value));
    }),
  );
});

test("an integer is a number as long as that is exact", () => {
  for (const [text, value] of [
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["9223372036854775807", MAX],
    // Beyond 64 bits, or with an exponent, it is what JSON makes of it.
    ["9223372036854775808", 2 ** 63],
    ["1e17", 1e17],
  ] as const) {
    assert.deepEqual(parseJson(`[${text}]`), [value]);
  }
  assert.equal(nextGeneration(2 ** 53 - 1), 2n ** 53n);
  assert.equal(nextGeneration(1), 2);
});

test("what JSON cannot hold is an error as ever", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  assert.throws(() => jsonText(loop), TypeError);
  assert.throws(() => parseJson("12345678901234567890,"), SyntaxError);
});
