import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fieldElement } from "./path-element.ts";
import { LEAF, NOTHING_YET } from "./field-set.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const used = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

test("what many clients with long names of fields leave behind after collection is bounded", () => {
  const request = (i: number) => {
    let state = NOTHING_YET;
    for (let k = 0; k < 200; k++) state = state.with(fieldElement(`${i}-${k}-${"x".repeat(1_000)}`), LEAF);
    state.node(false);
  };
  request(0);
  const before = used();
  // 400 MB of names pass through.
  for (let i = 1; i <= 2_000; i++) request(i);
  const held = used() - before;
  assert.ok(held < 50 * 2 ** 20, `${held} bytes are held`);
});
