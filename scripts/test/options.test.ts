import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, select } from "./options.ts";

const ALL = ["src/store/a.test.ts", "src/store/lmdb/b.test.ts", "src/storefront/c.test.ts", "test/d.real.test.ts"];
const choose = (...selectors: string[]) => select(ALL, selectors, (path) => path === "other/e.ts");

test("no selector stands for everything", () => assert.deepEqual(choose(), ALL));

test("a selector is a file, a folder or a glob", () => {
  assert.deepEqual(choose("src/store/a.test.ts"), ["src/store/a.test.ts"]);
  assert.deepEqual(choose("src/store"), ["src/store/a.test.ts", "src/store/lmdb/b.test.ts"]);
  assert.deepEqual(choose("./src/store/"), ["src/store/a.test.ts", "src/store/lmdb/b.test.ts"]);
  assert.deepEqual(choose("**/*.real.test.ts"), ["test/d.real.test.ts"]);
  assert.deepEqual(choose("src/*/*.test.ts"), ["src/store/a.test.ts", "src/storefront/c.test.ts"]);
});

test("several selectors add up, and each file is taken once", () => {
  assert.deepEqual(choose("test", "src/store/lmdb", "src/store"), [ALL[0], ALL[1], ALL[3]]);
});

test("a file that is no test of the suite is taken when it is named", () => {
  assert.deepEqual(choose("other/e.ts"), ["other/e.ts"]);
});

test("a selector without a matching file is an error", () => {
  assert.equal(choose("src/stoer"), "no test file matches src/stoer");
  assert.equal(choose("src/store", "x/*.test.ts"), "no test file matches x/*.test.ts");
});

test("options are read, and odd ones refused", () => {
  assert.deepEqual(parseOptions(["src/a", "--retries=0", "--test-name-pattern=a=b", "--test-concurrency=3"]), {
    selectors: ["src/a"],
    namePatterns: ["a=b"],
    retries: 0,
    concurrency: 3,
    timeoutMs: 900_000,
    recordDurations: false,
  });
  const changed = (...args: string[]) => {
    const options = parseOptions(args);
    return typeof options === "string" ? "refused" : options.changed;
  };
  const refusal = (...args: string[]) => {
    const options = parseOptions(args);
    return typeof options === "string" ? options : "";
  };
  assert.equal(changed(), undefined);
  assert.equal(changed("--changed"), "");
  assert.equal(changed("--changed=HEAD~3"), "HEAD~3");
  for (const odd of [
    "--watch",
    "--retries=two",
    "--test-concurrency=0",
    "--record-durations=yes",
    "--test-name-pattern=",
  ])
    assert.match(refusal(odd), /^cannot read/, odd);
  assert.match(refusal("--changed", "src"), /finds the files by itself/);
});
