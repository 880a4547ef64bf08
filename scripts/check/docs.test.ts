import assert from "node:assert/strict";
import { test } from "node:test";
import { checkArchitecture, checkDocs } from "./docs.ts";

const PATHS = ["README.md", "docs/flow.md", "src/store/README.md", "src/store/shared/key.ts", "src/base/clock.ts"];

const problems = (path: string, text: string, other: Readonly<Record<string, string>> = {}) =>
  checkDocs({
    documents: new Map(Object.entries({ ...other, [path]: text })),
    paths: PATHS,
    npmScripts: new Set(["check"]),
  });

test("a link must lead to a file or folder, from where the document stands", () => {
  assert.deepEqual(problems("docs/flow.md", "[a](../README.md) [b](../src/store) [c](https://example.com/x)"), []);
  assert.deepEqual(problems("docs/flow.md", "[a](README.md)"), [
    "docs/flow.md: the link to README.md: there is no such file",
  ]);
});

test("the part of a link after # must be a heading of the document that it leads to", () => {
  const readme = { "README.md": "# Two commands\n## What works, what doesn't\n```\n# no heading\n```\n" };
  assert.deepEqual(problems("docs/flow.md", "[a](../README.md#what-works-what-doesnt)", readme), []);
  for (const anchor of ["nothing", "no-heading"]) {
    assert.deepEqual(problems("docs/flow.md", `[a](../README.md#${anchor})`, readme), [
      `docs/flow.md: the link to ../README.md#${anchor}: there is no such heading`,
    ]);
  }
  assert.deepEqual(problems("README.md", "[here](#top)\n\n# Top\n"), []);
});

test("a source file in backticks must be below the document, or named from the root or src", () => {
  for (const name of ["key.ts", "shared/key.ts", "src/base/clock.ts", "base/clock.ts"]) {
    assert.deepEqual(problems("src/store/README.md", `\`${name}\``), [], name);
  }
  for (const name of ["clock.ts", "ey.ts", "src/store/key.ts"]) {
    assert.deepEqual(problems("src/store/README.md", `\`${name}\``), [`src/store/README.md: there is no ${name}`]);
  }
  assert.deepEqual(problems("docs/flow.md", "`clock.ts`"), [], "documents of the whole project know all folders");
});

test("a folder of the repository in backticks must be there, other words with a slash need not", () => {
  assert.deepEqual(problems("README.md", "`src/store/`, `kubernetes.io/os`, `src/*/index`, `../shared`"), []);
  assert.deepEqual(problems("README.md", "`src/gone`"), ["README.md: there is no src/gone"]);
});

test("a script that the text runs must be in package.json, in code blocks too", () => {
  assert.deepEqual(problems("README.md", "```\nnpm run check\nnpm run gone\n```\n"), [
    "README.md: package.json has no script gone",
  ]);
});

test("code blocks name files as they like", () => {
  assert.deepEqual(problems("README.md", "```\n`gone.ts` [x](gone.md)\n```\n"), []);
});

test("the architecture must have a row for every room, and name the neutral ones as neutral", () => {
  const rooms = { base: { neutral: true }, "base/testing": { neutral: false }, wire: { neutral: false } };
  const text = (table: string, neutral: string, others: string) =>
    `${table}\n\nRooms that import nothing of \`node:*\`: ${neutral}. Sockets live in ${others}.\n\nMore\n`;
  assert.deepEqual(checkArchitecture(text("| `base`, `wire` | duty |", "`base`", "`wire`"), rooms), []);
  assert.deepEqual(checkArchitecture(text("| `base` | `wire` |", "`base`, `wire`", "`wire`"), rooms), [
    "docs/architecture.md: no row of the table has wire",
    "docs/architecture.md: wire is not neutral",
  ]);
});
