import assert from "node:assert/strict";
import { test } from "node:test";
import { retainedBy } from "#base/testing";
import { LEAF, NOTHING_YET } from "./field-set.ts";
import { fieldElement } from "./path-element.ts";

test("what many clients with long names of fields leave behind after collection is bounded", () => {
  const request = (i: number) => {
    let state = NOTHING_YET;
    for (let k = 0; k < 200; k++) state = state.with(fieldElement(`${i}-${k}-${"x".repeat(1_000)}`), LEAF);
    state.node(false);
  };
  request(0);
  // 60 MB of names pass through.
  const held = retainedBy(() => {
    for (let i = 1; i <= 290; i++) request(i);
  });
  assert.ok(held < 16 * 2 ** 20, `${held} bytes are held`);
});

test("what many different sets of short names leave behind after collection is bounded", () => {
  const names = Array.from({ length: 1_000 }, (_, k) => fieldElement(`n${k}`));
  const request = (i: number) => {
    let state = NOTHING_YET;
    for (let k = 0; k < 200; k++) state = state.with(names[(k * 3 + i) % 1_000]!, LEAF);
    state.node(false);
  };
  request(0);
  // 20 KB each.
  const held = retainedBy(() => {
    for (let i = 1; i <= 999; i++) request(i);
  });
  assert.ok(held < 20 * 2 ** 20, `${held} bytes are held`);
});
