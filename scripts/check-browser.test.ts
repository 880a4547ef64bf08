import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bundleProblems } from "./check-browser.ts";

const root = join(import.meta.dirname, "..");

test("a module that reaches a module of Node is refused by file and line", async () => {
  const problems = await bundleProblems(root, 'export * from "./scripts/rooms.ts";\nimport "node:fs";', 1_000_000);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^<stdin>:2: Could not resolve "node:fs"/);
});

test("a bundle of more bytes than allowed is refused with both figures", async () => {
  const [problem] = await bundleProblems(root, 'export * from "#base";', 10);
  assert.match(problem!, /^\d+ bytes in a browser, more than 10 /);
});

test("a bundle of neutral modules within its limit has no problems", async () => {
  assert.deepEqual(await bundleProblems(root, 'export * from "#base";', 100_000), []);
});
