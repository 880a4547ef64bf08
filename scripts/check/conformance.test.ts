import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkConformance, conformanceRows } from "./conformance.ts";

const root = join(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/conformance.md"), "utf8");

const page = (...rows: readonly string[]) =>
  ["# C", "## sig-x", "| row | file | test |", "| --- | --- | --- |", ...rows].join("\n");
const read = (path: string) => (path === "a.test.ts" ? 'describe("a pod", () => test("runs", …))' : undefined);
const check = (...rows: readonly string[]) => checkConformance({ document: page(...rows), read });

test("a row names a test that exists, or says why it is not met", () => {
  assert.deepEqual(check("| One | `a.test.ts` | runs |", "| Two | `a.test.ts` | a pod › runs |"), []);
  assert.deepEqual(check("| Three |  | not met: no roles yet |"), []);
  assert.deepEqual(check("| One | `b.test.ts` | runs |"), ["docs/conformance.md: sig-x, One: there is no b.test.ts"]);
  assert.deepEqual(check("| One | `a.test.ts` | a pod › walks |"), [
    'docs/conformance.md: sig-x, One: a.test.ts has no test "walks"',
  ]);
  assert.deepEqual(check("| One |  | not met: |", "| Two |  | |"), [
    "docs/conformance.md: sig-x, One: neither a test nor a reason",
    "docs/conformance.md: sig-x, Two: neither a test nor a reason",
  ]);
});

const facts = join(process.env["KNARR_UPSTREAM"] ?? join(root, "../shared/upstream"), "../conformance.tsv");

test("every row of an area that the page has stands in it once", { skip: !existsSync(facts) && `no ${facts}` }, () => {
  const rows = conformanceRows(document);
  const wanted = readFileSync(facts, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"));
  for (const area of new Set(rows.map((row) => row.area))) {
    const names = wanted.filter(([of]) => of === area).map(([, , name = ""]) => name);
    const found = rows.filter((row) => row.area === area).map(({ name }) => name);
    assert.deepEqual(found.toSorted(), names.toSorted(), area);
  }
});
