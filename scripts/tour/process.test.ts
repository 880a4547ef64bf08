import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf } from "./process.ts";

const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["kubectl get pods -o wide", ["kubectl", "get", "pods", "-o", "wide"]],
  ['annotate a=b/c="the first: nginx" -x', ["annotate", "a=b/c=the first: nginx", "-x"]],
  ['--patch "data: {text: it\'s}"', ["--patch", "data: {text: it's}"]],
  [`sh -c 'echo "$A", $B'`, ["sh", "-c", 'echo "$A", $B']],
  ['empty ""', ["empty", ""]],
];

for (const [line, words] of LINES)
  test(`a line is split into words as a shell does it: ${line}`, () => assert.deepEqual(wordsOf(line), words));
