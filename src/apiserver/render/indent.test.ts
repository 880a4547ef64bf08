import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Indenter } from "./indent.ts";
import { concat, utf8 } from "./text.ts";

function text(value: unknown, level = 0): string {
  const indenter = new Indenter(level);
  indenter.add(utf8(JSON.stringify(value)));
  return new TextDecoder().decode(indenter.take());
}

test("bytes are indented as the value would be", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(text(value), JSON.stringify(value, null, 2))));
  for (const value of [{}, [], [[]], [{}], { a: [] }, { 'a"\\': '\\"{[:,]}' }, "", "é€😀", [1, -1.5e300, null, true]]) {
    assert.equal(text(value), JSON.stringify(value, null, 2));
  }
});

test("bytes are indented as many levels deep as asked", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(`[\n  ${text(value, 1)}\n]`, JSON.stringify([value], null, 2));
    }),
  );
});

test("parts may be cut anywhere but in a text, and blocks hold whatever there is", () => {
  const value = { a: "x".repeat(300_000), b: Array.from({ length: 5000 }, (_, i) => ({ i, c: [[[i]]] })) };
  const indenter = new Indenter();
  const taken: Uint8Array[] = [];
  for (const part of JSON.stringify(value).split(/(?=[{}[\],:])/)) {
    indenter.add(utf8(part));
    if (indenter.length > 30_000) taken.push(indenter.take().slice());
  }
  assert.ok(taken.length > 2);
  assert.equal(new TextDecoder().decode(concat(...taken, indenter.take())), JSON.stringify(value, null, 2));
});

test("only what is longer than a block stays as it is when more is added", () => {
  const indenter = new Indenter();
  indenter.add(utf8(JSON.stringify("x".repeat(70_000))));
  const long = indenter.take();
  indenter.add(utf8('"y"'));
  const short = indenter.take();
  indenter.add(utf8('"z"'));
  assert.equal(long[1], "x".charCodeAt(0));
  assert.equal(short[1], "z".charCodeAt(0));
});
