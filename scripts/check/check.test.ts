import assert from "node:assert/strict";
import { test } from "node:test";
import { Source } from "../source/sources.ts";
import { checkAssertions } from "./assertions.ts";
import { withExceptions } from "./exceptions.ts";
import { checkFiles, MOST_BYTES } from "./files.ts";
import { checkLengths, LIMITS } from "./lengths.ts";
import { checkProduct } from "./product.ts";
import { checkUnused } from "./unused.ts";

const sources = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, new Source(path, text)]));

test("an exception that nothing needs is a problem itself", () => {
  const found = new Map([
    ["a", "a is wrong"],
    ["b", "b is wrong"],
  ]);
  assert.deepEqual(withExceptions(found, { b: "reason" }), ["a is wrong"]);
  assert.deepEqual(withExceptions(found, { a: "reason", b: "reason", c: "reason" }), [
    "c: this exception is needed no more; remove it",
  ]);
});

test("files of kinds that are not on the list are refused, wherever they stand", () => {
  const file = (path: string) => ({ path, bytes: 1 });
  const good = ["src/a.ts", "README.md", "src/objects/facts/x.tsv", "LICENSE", "bin/knarr", ".ci/run", "a/.gitignore"];
  assert.deepEqual(checkFiles(good.map(file), {}), []);
  const odd = ["x.whl", "src/a.ts.orig", "core", "a.png", "src/.DS_Store"];
  assert.equal(checkFiles(odd.map(file), {}).length, odd.length);
});

test("a file above the size limit needs a reason", () => {
  const files = [
    { path: "a.json", bytes: MOST_BYTES + 1 },
    { path: "b.json", bytes: MOST_BYTES },
  ];
  assert.deepEqual(checkFiles(files, {}), [`a.json: ${MOST_BYTES + 1} bytes, of at most ${MOST_BYTES}`]);
  assert.deepEqual(checkFiles(files, { "a.json": "reason" }), []);
  assert.equal(checkFiles(files, { "a.json": "reason", "b.json": "reason" }).length, 1);
});

const lines = (count: number) => "  x();\n".repeat(count);

test("a function above its limit is refused, by its names, in whatever form it is written", () => {
  const body = lines(LIMITS.function.product - 1);
  const problems = (text: string) => checkLengths(sources({ "src/a.ts": text }).values(), {});
  const limit = "81 lines, of at most 80";
  assert.deepEqual(problems(`function declared() {\n${body}}\n`), [`src/a.ts:1: declared: ${limit}`]);
  assert.deepEqual(problems(`const arrow = () => {\n${body}};\n`), [`src/a.ts:1: arrow: ${limit}`]);
  assert.deepEqual(problems(`class Thing {\n  run() {\n${body}}\n}\n`), [`src/a.ts:2: run: ${limit}`]);
  assert.equal(problems(`const make = () => ({ on: each(() => {\n${body}}) });\n`).length, 2);
  const fits = `function fits() {\n${lines(LIMITS.function.product - 2)}}\n`;
  assert.deepEqual(problems(fits), []);
});

test("a function that is too long takes an exception by path and name, which must be needed", () => {
  const text = `function long() {\n${lines(100)}}\n`;
  assert.deepEqual(checkLengths(sources({ "src/a.ts": text }).values(), { "src/a.ts#long": "reason" }), []);
  assert.equal(checkLengths(sources({ "src/a.ts": "" }).values(), { "src/a.ts#long": "reason" }).length, 1);
});

test("tests may be longer, suites as long as it takes, and files have limits of their own", () => {
  const inTest = `test("long", () => {\n${lines(100)}});\n`;
  assert.deepEqual(checkLengths(sources({ "src/a.test.ts": inTest }).values(), {}), []);
  const suite = `describe("suite", { skip }, () => {\n${inTest.repeat(3)}});\n`;
  assert.deepEqual(checkLengths(sources({ "test/a.test.ts": suite }).values(), {}), []);
  const list = `export function behaviours(behaviour) {\n${suite}${`behaviour(\`is\`, () => {\n${lines(90)}});`.repeat(2)}}\n`;
  assert.deepEqual(checkLengths(sources({ "src/testing/a.ts": list }).values(), {}), []);
  const tooLong = `test("long", () => {\n${lines(130)}});\n`;
  assert.match(
    checkLengths(sources({ "src/a.test.ts": tooLong }).values(), {})[0]!,
    /: test\(long\): 132 lines, of at most 120/,
  );
  const file = (count: number) => "x();\n".repeat(count);
  assert.deepEqual(checkLengths(sources({ "src/a.ts": file(LIMITS.file.product) }).values(), {}), []);
  assert.deepEqual(checkLengths(sources({ "src/a.ts": file(LIMITS.file.product + 1) }).values(), {}), [
    "src/a.ts: 401 lines, of at most 400",
  ]);
});

test("product code may not import test code, by no path and not for types", () => {
  const problems = (path: string, specifier: string) =>
    checkProduct(sources({ [path]: `import type { A } from "${specifier}";` }).values()).length;
  for (const specifier of [
    "./a.test.ts",
    "./testing/world.ts",
    "#simulation",
    "#store/testing",
    "../../test/x.ts",
    "./test-tables.ts",
  ])
    assert.equal(problems("src/room/a.ts", specifier), 1, specifier);
  for (const specifier of ["./b.ts", "#store", "node:test", "./contest.ts"])
    assert.equal(problems("src/room/a.ts", specifier), 0, specifier);
  for (const path of ["src/room/a.test.ts", "src/room/testing/a.ts", "test/a.ts", "scripts/a.ts"])
    assert.equal(problems(path, "#simulation"), 0, path);
});

const HEAD = `import assert, { equal } from "node:assert/strict"; import { test, it as check } from "node:test"; import fc from "fast-check";\n`;
const silent = (body: string, others: Readonly<Record<string, string>> = {}) =>
  checkAssertions(sources({ "src/a.test.ts": HEAD + body, ...others }), {}).map(
    (problem) => /test (.*) asserts/.exec(problem)?.[1],
  );

test("a test whose body calls no assertion is refused", () => {
  assert.deepEqual(silent(`test("a", () => { work(); });`), ["a"]);
  assert.deepEqual(silent(`check("a", async () => { await work(); });`), ["a"]);
  assert.deepEqual(silent(`test("parent", async (t) => { await t.test("a", () => {}); assert.ok(1); });`), ["a"]);
  assert.deepEqual(silent(`test("a", () => { mock.get = () => { throw new Error("away"); }; });`), ["a"]);
  assert.deepEqual(silent(`test("a", () => { /x/.test("x"); });`), ["a"]);
  assert.deepEqual(silent(`test("a");`), ["a"]);
});

test("an assertion counts wherever in the body it stands", () => {
  for (const body of [
    `assert.equal(1, 1);`,
    `equal(1, 1);`,
    `for (const x of y) { if (x) assert(x); }`,
    `await each(cases, (one) => { assert.ok(one); });`,
    `handler = { get() { assert.ok(true); } };`,
    `fc.assert(fc.property(fc.nat(), () => true));`,
    `t.assert.equal(1, 1);`,
  ])
    assert.deepEqual(silent(`test("a", async (t) => { ${body} });`), [], body);
});

test("a function that is called by name asserts for the test, over any number of calls", () => {
  assert.deepEqual(silent(`const same = (a) => assert.ok(a); test("a", () => { same(1); });`), []);
  assert.deepEqual(
    silent(`function deep(n) { deep(n); return same(n); } const same = (a) => equal(a, 1); test("a", () => deep(1));`),
    [],
  );
  assert.deepEqual(silent(`const same = (a) => assert.ok(a); test("a", () => { cases.forEach(same); });`), []);
  assert.deepEqual(silent(`function must(x) { if (!x) throw new Error("x"); } test("a", () => { must(1); });`), []);
  assert.deepEqual(silent(`const body = () => assert.ok(1); test("a", body);`), []);
  assert.deepEqual(silent(`function loop() { return loop(); } test("a", () => loop());`), ["a"]);
});

test("what a helper only makes and does not call is no assertion of the test", () => {
  const world = `function world() { return { get() { throw new Error("none"); }, check: () => assert.ok(1) }; }`;
  assert.deepEqual(silent(`${world} test("a", () => { world(); });`), ["a"]);
});

test("helpers count that are imported from test code, by way of an index too, but none of the product", () => {
  const helper = `import assert from "node:assert"; export function sees(x) { assert.ok(x); }`;
  const body = `import { sees } from "./testing/index.ts"; test("a", () => sees(1));`;
  const index = `export { sees } from "./sees.ts";`;
  assert.deepEqual(silent(body, { "src/testing/index.ts": index, "src/testing/sees.ts": helper }), []);
  assert.deepEqual(
    silent(body, { "src/testing/index.ts": `export * from "./sees.ts";`, "src/testing/sees.ts": helper }),
    [],
  );
  const product = `export function must(x) { if (!x) throw new Error(); }`;
  assert.deepEqual(silent(`import { must } from "./must.ts"; test("a", () => must(1));`, { "src/must.ts": product }), [
    "a",
  ]);
});

test("what is still to be written, and what a parameter does, is not judged", () => {
  assert.deepEqual(silent(`test.todo("a"); test("b", { todo: true }, () => {});`), []);
  assert.deepEqual(silent(`const each = (title, run) => test(title, run);`), []);
});

test("knip's findings are reported in words, without the types of an index", () => {
  const report = JSON.stringify({
    issues: [
      {
        file: "src/a/index.ts",
        exports: [
          { name: "gone", line: 3 },
          { name: "kept", line: 4 },
        ],
        types: [{ name: "Options", line: 5 }],
        files: [],
      },
      { file: "src/a/b.ts", exports: [], types: [{ name: "T", line: 1 }], files: [{ name: "src/a/b.ts" }] },
    ],
  });
  assert.deepEqual(checkUnused(report, { "src/a/index.ts#kept": "reason" }), [
    "src/a/b.ts: src/a/b.ts: nothing needs this file",
    "src/a/b.ts:1: T: nothing uses this exported type",
    "src/a/index.ts:3: gone: nothing uses this export",
  ]);
});
