import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, formatMicroTime, formatTime, humanDuration, parseDuration, parseTime } from "./index.ts";

const DURATIONS: readonly (readonly [text: string, canonical: string])[] = [
  ["0", "0s"],
  ["1s", "1s"],
  ["-1.5h", "-1h30m0s"],
  ["1h30m", "1h30m0s"],
  ["1.5s", "1.5s"],
  ["100ms", "100ms"],
  ["1us", "1µs"],
  ["1µs", "1µs"],
  ["3ns", "3ns"],
  ["1h0m0.5s", "1h0m0.5s"],
  ["+5m", "5m0s"],
  ["2540400h10m10.000000000s", "2540400h10m10s"],
  [".5s", "500ms"],
  ["1.s", "1s"],
];

const MALFORMED: readonly (readonly [text: string, message: string])[] = [
  ["", 'time: invalid duration ""'],
  ["-", 'time: invalid duration "-"'],
  ["s", 'time: invalid duration "s"'],
  ["1", 'time: missing unit in duration "1"'],
  ["1x", 'time: unknown unit "x" in duration "1x"'],
  ["1h1", 'time: missing unit in duration "1h1"'],
  ["999999999h", 'time: invalid duration "999999999h"'],
  [".", 'time: invalid duration "."'],
  ["1µ", String.raw`time: unknown unit "\xc2\xb5" in duration "1\xc2\xb5"`],
];

test("durations are read and written as Go does", () => {
  for (const [text, canonical] of DURATIONS) assert.equal(formatDuration(parseDuration(text)), canonical, text);
  for (const [text, message] of MALFORMED) assert.throws(() => parseDuration(text), { message }, text);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("-1.5ms"), -1.5);
});

test("a duration that is written reads as the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
      assert.equal(parseDuration(formatDuration(ms / 1000)), ms / 1000);
    }),
  );
});

/** Seconds, and kubectl's AGE. */
const AGES: readonly (readonly [seconds: number, age: string])[] = [
  [-2, "<invalid>"],
  [-1, "0s"],
  [0, "0s"],
  [59, "59s"],
  [119, "119s"],
  [120, "2m"],
  [121, "2m1s"],
  [150, "2m30s"],
  [180, "3m"],
  [599, "9m59s"],
  [600, "10m"],
  [659, "10m"],
  [10799, "179m"],
  [10800, "3h"],
  [10860, "3h1m"],
  [28799, "7h59m"],
  [28800, "8h"],
  [172799, "47h"],
  [172800, "2d"],
  [176400, "2d1h"],
  [691199, "7d23h"],
  [691200, "8d"],
  [63071999, "729d"],
  [63072000, "2y"],
  [63158400, "2y1d"],
  [252287999, "7y364d"],
  [252288000, "8y"],
  [283824000, "9y"],
];

test("ages have two or three significant figures", () => {
  for (const [seconds, age] of AGES) assert.equal(humanDuration(seconds * 1000), age, `${seconds}`);
  assert.equal(humanDuration(999), "0s");
  assert.equal(humanDuration(-1999), "0s");
});

test("times are RFC 3339 in UTC, of seconds or microseconds", () => {
  const ms = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
  assert.equal(formatTime(ms), "2026-02-03T04:05:06Z");
  assert.equal(formatTime(ms + 1000), "2026-02-03T04:05:07Z");
  assert.equal(formatMicroTime(ms), "2026-02-03T04:05:06.789000Z");
  assert.equal(formatMicroTime(ms + 0.125), "2026-02-03T04:05:06.789125Z");
});

test("times of other zones and precisions are read, others are not", () => {
  const at = Date.UTC(2026, 1, 3, 4, 5, 6);
  assert.equal(parseTime("2026-02-03T04:05:06Z"), at);
  assert.equal(parseTime("2026-02-03T04:05:06.123456Z"), at + 123.456);
  assert.equal(parseTime("2026-02-03T05:35:06+01:30"), at);
  assert.equal(parseTime("2026-02-03T02:05:06.5-02:00"), at + 500);
  const none = [
    "",
    "2026-02-03",
    "2026-02-30T04:05:06Z",
    "2026-02-03T24:05:06Z",
    "2026-02-03 04:05:06Z",
    "2026-2-3T4:5:6Z",
  ];
  for (const text of none) assert.equal(parseTime(text), undefined, text);
});

test("a time that is written reads as the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      assert.equal(parseTime(formatTime(seconds * 1000 + 999)), seconds * 1000);
      assert.equal(parseTime(formatMicroTime(seconds * 1000 + 250)), seconds * 1000 + 250);
    }),
  );
});
