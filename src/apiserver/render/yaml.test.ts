import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFree } from "#objects";
import { utf8 } from "./text.ts";
import { naturally, yamlItem, yamlOf } from "./yaml.ts";

test("texts are written in the style that upstream chooses", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain", "plain"],
    ["", '""'],
    ["1", '"1"'],
    ["0o7", '"0o7"'],
    ["08", '"08"'],
    ["1_000", '"1_000"'],
    ["1:20", '"1:20"'],
    ["1e3", '"1e3"'],
    [".inf", '".inf"'],
    ["2020-01-01", '"2020-01-01"'],
    ["yes", '"yes"'],
    ["N", '"N"'],
    ["null", '"null"'],
    ["1 2", "1 2"],
    ["=", "="],
    ["<<", "<<"],
    ["?x", "?x"],
    ["a#b", "a#b"],
    ["a,b", "a,b"],
    ["---", "'---'"],
    ["- x", "'- x'"],
    ["-", "'-'"],
    ["a: b", "'a: b'"],
    ["a:", "'a:'"],
    ["a #b", "'a #b'"],
    ["'q'", "'''q'''"],
    ['"q"', "'\"q\"'"],
    [" lead", "' lead'"],
    ["x ", "'x '"],
    ["{a", "'{a'"],
    ["@x", "'@x'"],
    ["tab\tx", '"tab\\tx"'],
    ["\u0007", '"\\a"'],
    ["é", "é"],
    ["😀", '"\\U0001F600"'],
    ["a\r\nb", '"a\\r\\nb"'],
    ["line\nline\n", "|\n  line\n  line"],
    ["a\n\nb", "|-\n  a\n\n  b"],
    ["x\n\n", "|+\n  x\n"],
    ["\n", "|2+\n"],
    ["\nx", "|2-\n\n  x"],
    ["trail \nx", '"trail \\nx"'],
  ];
  for (const [text, expected] of cases) assert.equal(yamlOf({ bc: text }), `bc: ${expected}\n`);
  assert.equal(
    yamlOf({ data: { bc: "It's a: long ".repeat(9) } }),
    "data:\n  bc: 'It''s a: long It''s a: long It''s a: long It''s a: long It''s a: long It''s\n" +
      "    a: long It''s a: long It''s a: long It''s a: long '\n",
  );
});

test("maps and lists are laid out as upstream does it", () => {
  const value = {
    b: [{ y: 1, x: [] }, ["a", ["b"]], {}, null, true, 1.5, 1234567.25, 0.00001],
    a: { n: { deep: ["x"] }, empty: {} },
    gone: undefined,
  };
  assert.equal(
    yamlOf(value),
    'a:\n  empty: {}\n  "n":\n    deep:\n    - x\n' +
      'b:\n- x: []\n  "y": 1\n- - a\n  - - b\n- {}\n- null\n- true\n- 1.5\n- 1.23456725e+06\n- 1e-05\n',
  );
  assert.equal(yamlOf({ ["k".repeat(129)]: "v" }), `? ${"k".repeat(129)}\n: v\n`);
  assert.equal(yamlItem({ a: 1, b: [2] }), "- a: 1\n  b:\n  - 2\n");
  assert.equal(yamlOf({}), "{}\n");
});

test("keys stand in their natural order", () => {
  const keys = ["f:a10", "f:a9", "f:a", ".", "b", "B", "a-b", "a.b", "10", "9", "", "01", "a1b", "a1"];
  assert.deepEqual(keys.toSorted(naturally), [
    "",
    ".",
    "01",
    "9",
    "10",
    "B",
    "a-b",
    "a.b",
    "a1",
    "a1b",
    "b",
    "f:a",
    "f:a9",
    "f:a10",
  ]);
});

test("whatever is written is read as the same", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom(..." \n\t:#-?'\"\\[{,&*!|>%@`~=<.0123456789abyn_+eE\u0085\u2028\ufeff".split("")),
      maxLength: 12,
    }),
    fc.string({ unit: fc.constantFrom("word ", " ", "a: ", "'", "x"), minLength: 30, maxLength: 120 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(text, value, { minKeys: 1, maxKeys: 4 }), async (map) => {
      const written = yamlOf(map);
      const read = await decodeFree(utf8(written), "application/yaml");
      assert.deepEqual(plain(read.value), plain(map), written);
    }),
    { numRuns: 500 },
  );
});

/** Without what JSON does not tell: -0, and the prototypes of maps. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
