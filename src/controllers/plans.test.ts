import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOM = import.meta.dirname;

/** The head of each exported function of the name `plan…`, up to its body: `planTtl(node: Node, step: number): Plan<…> {`. */
const headsOf = (source: string): string[] =>
  [...source.matchAll(/^export (?:async )?function (plan\w*[^]*?) \{$/gm)].map(([, head]) => head!);

test("every exported plan of a controller answers with Plan<Step>", () => {
  const files = readdirSync(ROOM, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const heads = files
    .filter((file) => !file.endsWith(".test.ts"))
    .flatMap((file) => headsOf(readFileSync(join(ROOM, file), "utf8")).map((head) => ({ file, head })));
  assert.ok(heads.length > 10, "the plans are found");
  const others = heads.filter(({ head }) => !/\): Plan<[^]*>$/.test(head));
  assert.deepEqual(others, []);
});
