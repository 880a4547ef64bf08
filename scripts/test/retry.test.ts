import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { count, type FileRun, type Outcome, type TestResult } from "./results.ts";
import { attemptOf, MOST_FLAKY, nextStep, patternOf, targetsOf, verdict, withRerun, type Attempt } from "./retry.ts";
import { anyFailed, settle } from "./settle.ts";

const result = (path: string, outcome: Outcome, more: Partial<TestResult> = {}): TestResult => {
  const names = path.split("/");
  return { path: names, kind: "test", outcome, runnable: names, ...more };
};
const run = (results: readonly TestResult[], trouble?: string): FileRun => ({
  file: "/a.test.ts",
  results,
  seconds: 1,
  output: [],
  ...(trouble === undefined ? {} : { trouble }),
});

test("a pattern matches its own names and nothing else, whatever characters they have", () => {
  const names = fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(names, fc.string({ minLength: 1 }), (path, extra) => {
      const full = path.join(" ").trim();
      assert.match(full, patternOf(path));
      assert.doesNotMatch(full + extra, patternOf(path));
      assert.doesNotMatch(extra + full, patternOf(path));
    }),
  );
});

test("a pattern survives being handed to another process as text", () => {
  const path = ["a/b (c)", "[d] $ ^ \\ | {2} ?*+."];
  const [, source, flags] = /^\/(.*)\/(\w*)$/s.exec(String(patternOf(path)))!;
  assert.match(path.join(" "), new RegExp(source!, flags));
});

test("a failed subtest and the tests around it are one target: the outermost", () => {
  const runnable = ["parent"];
  const results = [
    result("parent/sub/deep", "failed", { runnable }),
    result("parent/sub", "failed", { runnable, failureType: "subtestsFailed" }),
    result("parent", "failed", { runnable, failureType: "subtestsFailed" }),
  ];
  assert.deepEqual(targetsOf(run(results)), [{ file: "/a.test.ts", path: ["parent"] }]);
});

test("what no name can run alone is a target as a file, and takes the other failures of the file with it", () => {
  const suite: TestResult = { path: ["s"], kind: "suite", outcome: "failed", failureType: "hookFailed" };
  assert.deepEqual(targetsOf(run([result("s/x", "cancelled"), suite, result("y", "failed")])), [
    { file: "/a.test.ts" },
  ]);
  assert.deepEqual(targetsOf(run([result("y", "failed")], "it crashed")), [{ file: "/a.test.ts" }]);
});

test("tests that are skipped or still to do are no failures", () => {
  assert.deepEqual(targetsOf(run([result("a", "skipped"), result("b", "todo"), result("c", "passed")])), []);
});

test("an attempt has passed only when the test was there and nothing beside it failed", () => {
  const target = { file: "/a.test.ts", path: ["a"] };
  assert.equal(attemptOf(target, run([result("a", "passed")])), "passed");
  assert.equal(attemptOf(target, run([])), "missing");
  assert.equal(attemptOf(target, run([result("b", "passed")])), "missing");
  assert.equal(attemptOf(target, run([result("a", "failed")])), "failed");
  assert.equal(attemptOf(target, run([result("a", "passed")], "exit code 3")), "failed");
});

test("there are never more attempts than allowed, and a pass ends them", () => {
  const attempts = fc.array(fc.constantFrom<Attempt>("passed", "failed", "missing"), { maxLength: 6 });
  fc.assert(
    fc.property(attempts, fc.nat(4), (outcomes, limit) => {
      const made: Attempt[] = [];
      let next = nextStep(made, limit);
      while (next === "rerun" || next === "rerun-file") {
        made.push(outcomes[made.length] ?? "failed");
        next = nextStep(made, limit);
      }
      assert.ok(made.length <= limit);
      assert.equal(next === "flaky", made.includes("passed"));
      assert.ok(!made.slice(0, -1).includes("passed"));
    }),
  );
});

test("a test that passed when it was run again is counted once, as passed, and so is the suite around it", () => {
  const first = run([
    result("s/a", "failed"),
    result("s/b", "passed"),
    { path: ["s"], kind: "suite", outcome: "failed", failureType: "subtestsFailed" },
  ]);
  const rerun = run([result("s/a", "passed"), { path: ["s"], kind: "suite", outcome: "passed" }]);
  const after = withRerun(first, { file: first.file, path: ["s", "a"] }, rerun);
  assert.deepEqual(count([after]), { tests: 2, suites: 1, passed: 2, failed: 0, cancelled: 0, skipped: 0, todo: 0 });
  assert.ok(after.results.every(({ outcome }) => outcome === "passed"));
});

test("five unlucky tests are forgiven, six or one that fails are not", () => {
  assert.equal(verdict(0, 0), undefined);
  assert.equal(verdict(0, MOST_FLAKY), undefined);
  assert.ok(verdict(0, MOST_FLAKY + 1));
  assert.ok(verdict(1, 0));
});

test("a failure that is found in the counts alone is a failure", async () => {
  const settled = await settle(
    [run([result("a", "failed")])],
    0,
    () => Promise.reject(new Error("no run")),
    () => {},
  );
  assert.ok(anyFailed(settled));
  assert.ok(anyFailed({ ...settled, failed: [] }));
  assert.ok(!anyFailed({ flaky: [], failed: [], runs: [run([result("a", "passed")])] }));
});
