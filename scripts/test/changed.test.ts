import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Source } from "../source/sources.ts";
import { affectedBy, importGraph, withinBudget } from "./changed.ts";
import { slowestFirst } from "./durations.ts";

const sources = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, new Source(path, text)]));

const PROJECT = sources({
  "src/base/index.ts": `export { Clock, now } from "./clock.ts"; export * from "./text.ts"; export * from "./heap.ts";`,
  "src/base/clock.ts": `export interface Clock {} export const now = 1;`,
  "src/base/text.ts": `export const trim = 1;`,
  "src/base/heap.ts": `export const push = 1;`,
  "src/base/clock.test.ts": `import { now } from "./clock.ts"; now;`,
  "src/store/store.ts": `import { trim, type Clock } from "#base"; export const store = trim;`,
  "src/store/index.ts": `export { store } from "./store.ts";`,
  "src/store/store.test.ts": `import { store } from "./store.ts"; store;`,
  "src/store/types.test.ts": `import type { Clock } from "#base"; import { push } from "#base"; push;`,
  "src/cli/entry.ts": `import * as everything from "#store"; everything;`,
  "test/cli.test.ts": `import { join } from "node:path"; join("..", "bin/knarr");`,
  "test/agent.test.ts": `const agent = join(import.meta.dirname, "agent.ts"); await import("./lazy.ts");`,
  "test/agent.ts": ``,
  "test/lazy.ts": `import { now } from "#base";`,
});
const GRAPH = importGraph(PROJECT, new Set(["bin/knarr", "package.json"]));
const broken = (...changed: string[]) =>
  [...affectedBy(changed, GRAPH, [...PROJECT.keys()])]
    .filter(([file]) => file.endsWith(".test.ts"))
    .map(([file]) => file)
    .sort();

test("a test needs what it imports, directly and by way of others", () => {
  assert.deepEqual(broken("src/base/clock.ts"), ["src/base/clock.test.ts", "test/agent.test.ts"]);
});

test("a name leads through an index to the file that has it, not to the rest of the room", () => {
  assert.deepEqual(broken("src/base/text.ts"), ["src/store/store.test.ts", "test/cli.test.ts"]);
  assert.deepEqual(broken("src/base/heap.ts"), ["src/store/types.test.ts"]);
});

test("an index that changes itself concerns all that enter by it", () => {
  assert.deepEqual(broken("src/base/index.ts"), [
    "src/store/store.test.ts",
    "src/store/types.test.ts",
    "test/agent.test.ts",
    "test/cli.test.ts",
  ]);
});

test("a program or file that a test names is needed by it", () => {
  assert.deepEqual(broken("test/agent.ts"), ["test/agent.test.ts"]);
  assert.deepEqual(broken("src/cli/entry.ts"), ["test/cli.test.ts"]);
  assert.deepEqual(broken("bin/knarr"), ["test/cli.test.ts"]);
});

test("a test that changed itself is the first; a change of a document breaks nothing", () => {
  assert.equal(affectedBy(["src/store/store.test.ts"], GRAPH, []).get("src/store/store.test.ts"), 0);
  assert.deepEqual(broken("README.md"), []);
});

test("a change of the packages can break every test", () => {
  assert.equal(broken("package-lock.json").length, 5);
});

test("the short lane keeps to its time, prefers what is near, and says all that it leaves out", () => {
  const distances = new Map([
    ["a", 2],
    ["b", 1],
    ["c", 1],
    ["d", 3],
  ]);
  const durations = new Map([
    ["a", 5],
    ["b", 4],
    ["c", 3],
    ["d", 1],
    ["e", 1],
  ]);
  const lane = (seconds: number, workers = 1) =>
    withinBudget(["a", "b", "c", "d", "e"], distances, durations, seconds, workers);
  assert.deepEqual(lane(100), { chosen: ["c", "b", "a", "d"], leftOut: [] });
  assert.deepEqual(lane(8), { chosen: ["c", "b", "d"], leftOut: ["a"] });
  assert.deepEqual(lane(8, 2), { chosen: ["c", "b", "a", "d"], leftOut: [] });
  assert.deepEqual(lane(4, 2), { chosen: ["c", "b", "d"], leftOut: ["a"] });
  fc.assert(
    fc.property(fc.nat(20), (seconds) => {
      const { chosen, leftOut } = lane(seconds);
      assert.deepEqual([...chosen, ...leftOut].sort(), ["a", "b", "c", "d"]);
      assert.ok(chosen.reduce((sum, file) => sum + durations.get(file)!, 0) <= seconds);
    }),
  );
});

test("exclusive files start first, the longest before others, and those never measured by where they stand", () => {
  const durations = new Map([
    ["src/slow.test.ts", 90],
    ["src/fast.test.ts", 0.2],
    ["src/y.real.test.ts", 70],
  ]);
  const files = ["src/fast.test.ts", "src/new.test.ts", "test/x.real.test.ts", "src/slow.test.ts", "test/y.test.ts"];
  assert.deepEqual(slowestFirst([...files, "src/y.real.test.ts"], durations), [
    "src/y.real.test.ts",
    "test/x.real.test.ts",
    "src/slow.test.ts",
    "test/y.test.ts",
    "src/new.test.ts",
    "src/fast.test.ts",
  ]);
});
