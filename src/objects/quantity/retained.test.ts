import assert from "node:assert/strict";
import { test } from "node:test";
import { retainedBy } from "#base/testing";
import { parseQuantity } from "./quantity.ts";

test("quantities that stand in long texts do not keep these texts", () => {
  const request = (i: number) => {
    const text = JSON.parse(`"${" ".repeat(200_000)}${10 ** 15 + i}"`) as string;
    parseQuantity(i % 2 === 0 ? text : text.trim());
  };
  request(0);
  // 200 MB of texts pass through.
  const held = retainedBy(() => {
    for (let i = 1; i <= 1_000; i++) request(i);
  });
  assert.ok(held < 20 * 2 ** 20, `${held} bytes are held`);
});
