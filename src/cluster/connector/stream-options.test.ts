import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UpgradeRefused } from "#wire";
import { exitStatus, failure } from "./process-status.ts";
import { parsePorts, parseStreams } from "./stream-options.ts";

function outcome(parse: (query: URLSearchParams) => unknown, query: string): unknown {
  try {
    return parse(new URLSearchParams(query));
  } catch (error) {
    assert.ok(error instanceof UpgradeRefused);
    return `${error.status} ${error.message}`;
  }
}

describe("the streams of an exec request", () => {
  const none = { stdin: false, stdout: false, stderr: false, tty: false };
  const cases: readonly (readonly [query: string, expected: unknown])[] = [
    ["stdout=true", { ...none, stdout: true }],
    ["stdin=1&stdout=0&stderr", { ...none, stdin: true, stderr: true }],
    ["stdin=true&stdout=true&stderr=true&tty=true", { stdin: true, stdout: true, stderr: false, tty: true }],
    ["stderr=true&tty=true", "400 you must specify at least 1 of stdin, stdout, stderr"],
    ["command=ls", "400 you must specify at least 1 of stdin, stdout, stderr"],
  ];
  for (const [query, expected] of cases)
    test(`are read from the query, or refused: ${query}`, () =>
      assert.deepEqual(outcome(parseStreams, query), expected));
});

describe("the ports of a port-forward", () => {
  const cases: readonly (readonly [query: string, expected: unknown])[] = [
    ["ports=80&ports=81,82", [80, 81, 82]],
    ["", '400 query parameter "port" is required'],
    ["ports=", '400 query parameter "port" cannot be empty'],
    ["ports=0", '400 port "0" must be > 0'],
    ["ports=http", '400 unable to parse "http" as a port: strconv.ParseUint: parsing "http": invalid syntax'],
    ["ports=70000", '400 unable to parse "70000" as a port: strconv.ParseUint: parsing "70000": value out of range'],
  ];
  for (const [query, expected] of cases)
    test(`are read from the query, or refused: ${query}`, () => assert.deepEqual(outcome(parsePorts, query), expected));
});

test("how a process has ended is said in the words of the protocol's version", () => {
  assert.deepEqual(exitStatus(0, ["x"], 5), { status: "Success" });
  const texts = [4, 5].map((version) => exitStatus(3, ["sh", "-c"], version).message);
  assert.deepEqual(texts, [
    "command terminated with non-zero exit code: error executing command [sh -c], exit code 3",
    "command terminated with non-zero exit code: command terminated with exit code 3",
  ]);
  assert.deepEqual(failure("why", 4), {
    status: "Failure",
    message: "Internal error occurred: why",
    reason: "InternalError",
    details: { causes: [{ message: "why" }] },
    code: 500,
  });
  assert.equal(failure("why", 5).message, "Internal error occurred: Internal error occurred: why");
});
