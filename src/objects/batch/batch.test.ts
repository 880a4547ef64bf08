import assert from "node:assert/strict";
import { test } from "node:test";
import { countIndexes, scheduleProblem } from "./index.ts";

test("schedules are read in cron's notation, and refused in the words of upstream's library", () => {
  const fine = [
    "* * * * *",
    "*/5 0-6,12 1,15 jan-mar MON-FRI",
    "? * * * 0",
    "@hourly",
    "@every 1h30m",
    "@every 0",
    "@every -1s",
    "TZ=UTC 1 2 3 4 5",
    "5/15 * * * *",
  ];
  for (const schedule of fine) assert.equal(scheduleProblem(schedule), undefined, schedule);
  const bad: Readonly<Record<string, string>> = {
    "60 * * * *": "end of range (60) above maximum (59): 60",
    "* * 0 * *": "beginning of range (0) below minimum (1): 0",
    "5-1 * * * *": "beginning of range (5) beyond end of range (1): 5-1",
    "*/0 * * * *": "step of range should be a positive number: */0",
    "a * * * *": 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax',
    "*/99999999999999999999 * * * *":
      'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
    "-5 * * * *": 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax',
    "*/-5 * * * *": "negative number (-5) not allowed: -5",
    "1/2/3 * * * *": "too many slashes: 1/2/3",
    "1-2-3 * * * *": "too many hyphens: 1-2-3",
    "@every 1": 'failed to parse duration @every 1: time: missing unit in duration "1"',
    "@every 1x": 'failed to parse duration @every 1x: time: unknown unit "x" in duration "1x"',
    "@every 99999999999999h":
      'failed to parse duration @every 99999999999999h: time: invalid duration "99999999999999h"',
    "@often": "unrecognized descriptor: @often",
  };
  for (const [schedule, problem] of Object.entries(bad)) assert.equal(scheduleProblem(schedule), problem, schedule);
});

test("a list of completion indexes ascends, and ends below the completions", () => {
  assert.equal(countIndexes("0,2-5,9", 10), 6);
  assert.equal(countIndexes("", 10), 0);
  for (const text of ["3,1", "10", "1-2-3", "a", "2,2"]) assert.equal(typeof countIndexes(text, 10), "string", text);
});
