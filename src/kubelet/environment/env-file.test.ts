import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { envFileValue } from "./env-file.ts";

describe("environment files", () => {
  const cases: readonly (readonly [what: string, text: string, value: string | undefined])[] = [
    ["a line", "KEY='value'\n", "value"],
    ["the last line without its end", "OTHER='x'\nKEY='value'", "value"],
    ["carriage returns", "OTHER='x'\r\nKEY='value'\r\n", "value"],
    ["blanks before", "  \tKEY='value'", "value"],
    ["comments and empty lines", "# KEY='no'\n\n  \nKEY='value' # that", "value"],
    ["several lines", "KEY='a\n  b # c\n'", "a\n  b # c\n"],
    ["nothing in it is special", "KEY='$(A) \\n \"x\"'", '$(A) \\n "x"'],
    ["the first counts", "KEY='1'\nKEY='2'", "1"],
    ["empty", "KEY=''", ""],
    ["a blank before the quote: nothing is assigned", "KEY= 'value'", ""],
    ["no such key", "OTHER='value'", undefined],
    ["what comes later is not looked at", "KEY='value'\nrubbish", "value"],
    ["no file at all", "", undefined],
  ];
  for (const [what, text, value] of cases)
    test(`give a key its value: ${what}`, () => assert.equal(envFileValue(text, "KEY"), value));

  const errors: readonly (readonly [text: string, message: string])[] = [
    ["rubbish", "invalid environment variable format at line 1: missing '='"],
    ["\n='x'", "invalid environment variable format at line 2: empty variable name"],
    ["KEY ='x'", "invalid environment variable format at line 1: whitespace before '=' is not allowed"],
    ["KEY=x", "invalid environment variable format at line 1: value must be enclosed in single quotes"],
    ["KEY='x'y", "invalid environment variable format at line 1: unexpected content after closing quote"],
    ["A='1'\nKEY='x\ny", "invalid environment variable format starting at line 2: unclosed single quote"],
  ];
  for (const [text, message] of errors) {
    test(`are refused with line and reason when they are malformed: ${JSON.stringify(text)}`, () =>
      assert.throws(() => envFileValue(text, "KEY"), { message }));
  }
});
