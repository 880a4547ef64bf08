import assert from "node:assert/strict";
import { test } from "node:test";
import { GoneEndpoints } from "./gone-endpoints.ts";

test("of endpoints that have gone the last thousand are remembered, the oldest forgotten first", () => {
  const gone = new GoneEndpoints();
  for (let i = 0; i < 1002; i++) gone.add(`10.0.0.1 . ${i}`);
  assert.equal([...gone.keys()].length, 1000);
  assert.deepEqual([gone.remove("10.0.0.1 . 1"), gone.remove("10.0.0.1 . 2")], [false, true]);
  assert.equal(gone.remove("10.0.0.1 . 2"), false);
});
