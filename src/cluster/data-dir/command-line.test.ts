import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { commandFor, shellWord } from "./command-line.ts";

const env = { HOME: "/home/me" };

test("a command names the data directory where it is not the default one, in quotes where a shell needs them", () => {
  assert.equal(commandFor("/home/me/.knarr", "down", env), "knarr down");
  assert.equal(commandFor("/data/b", "down --purge", env), "knarr down --purge --data-dir /data/b");
  assert.equal(commandFor("/data/my b", "down", env), "knarr down --data-dir '/data/my b'");
  assert.equal(commandFor("/data/it's", "down", env), String.raw`knarr down --data-dir '/data/it'\''s'`);
});

test("a shell reads a quoted word as it was", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab \"'$`\\*;&|<>()~#\n!{}".split("")), maxLength: 12 });
  fc.assert(
    fc.property(word, (text) => {
      assert.equal(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" }), text);
    }),
    { numRuns: 50 },
  );
});
