import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { dueCronTimes, nextCronTime, parseCronSchedule } from "./index.ts";

const MINUTE = 60_000;

const next = (schedule: string, after: string, timeZone = "UTC") => {
  const time = nextCronTime(parseCronSchedule(schedule), Date.parse(after), timeZone);
  return time === undefined ? undefined : new Date(time).toISOString();
};

/** Each as github.com/robfig/cron v3.0.1 answers. */
const TIMES: readonly (readonly [
  what: string,
  schedule: string,
  zone: string,
  after: string,
  next: string | undefined,
])[] = [
  ["a step", "0/15 * * * *", "UTC", "2012-07-09T14:45:00Z", "2012-07-09T15:00:00.000Z"],
  ["within a second of it", "0/15 * * * *", "UTC", "2012-07-09T14:59:59.999Z", "2012-07-09T15:00:00.000Z"],
  ["not the time itself", "0 * * * *", "UTC", "2012-07-09T15:00:00Z", "2012-07-09T16:00:00.000Z"],
  ["the next day", "20-35/15 * * * *", "UTC", "2012-07-09T23:45:00Z", "2012-07-10T00:20:00.000Z"],
  ["day or weekday, without a star", "0 0 1,15 * Sun", "UTC", "2012-06-12T00:00:00Z", "2012-06-15T00:00:00.000Z"],
  ["day and weekday, with a star", "0 0 1,15 * *", "UTC", "2012-07-02T00:00:00Z", "2012-07-15T00:00:00.000Z"],
  ["a star with a step is none", "0 0 */10 * Sun", "UTC", "2012-07-12T00:00:00Z", "2012-07-15T00:00:00.000Z"],
  ["a leap day", "0 0 29 Feb ?", "UTC", "2012-07-09T23:35:00Z", "2016-02-29T00:00:00.000Z"],
  ["a day that never comes", "0 0 30 2 *", "UTC", "2012-07-09T23:35:00Z", undefined],
  ["the end of the year", "* * * * *", "UTC", "2012-12-31T23:59:45Z", "2013-01-01T00:00:00.000Z"],
  ["an interval", "@every 1h30m", "UTC", "2012-07-09T14:45:00.7Z", "2012-07-09T16:15:00.000Z"],
  ["an interval below a second", "@every 10ms", "UTC", "2012-07-09T14:45:00Z", "2012-07-09T14:45:01.000Z"],
  ["a zone of its own", "CRON_TZ=Asia/Kolkata 30 6 * * *", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00.000Z"],
  [
    "a skipped hour waits for the next day",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-03-28T12:00:00Z",
    "2026-03-30T00:30:00.000Z",
  ],
  [
    "a skipped hour of one day waits for the next year",
    "30 2 11 Mar ?",
    "America/New_York",
    "2012-03-11T05:00:00Z",
    "2013-03-11T06:30:00.000Z",
  ],
  [
    "an hour that comes twice has its time",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-10-24T12:00:00Z",
    "2026-10-25T00:30:00.000Z",
  ],
  ["and once more", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00.000Z"],
  [
    "every hour, over the skipped one",
    "0 * * * *",
    "Europe/Berlin",
    "2026-03-29T00:30:00Z",
    "2026-03-29T01:00:00.000Z",
  ],
  [
    "a day without midnight, west",
    "0 1 4 11 *",
    "America/Sao_Paulo",
    "2018-11-01T00:00:00Z",
    "2018-11-04T03:00:00.000Z",
  ],
  ["half an hour's change", "0 2 * * *", "Australia/Lord_Howe", "2026-04-04T15:30:00Z", "2026-04-05T15:30:00.000Z"],
];

describe("the next time of a schedule", () => {
  for (const [what, schedule, zone, after, expected] of TIMES) {
    test(`${what}: ${schedule}`, () => assert.equal(next(schedule, after, zone), expected));
  }

  test("a day without midnight east of Greenwich is neither missed nor looked for without end", () => {
    // Beirut's clocks go from 0:00 to 1:00 that day. Upstream's library answers a year later, and a week in Cairo.
    assert.equal(next("30 5 26 3 *", "2023-03-20T00:00:00Z", "Asia/Beirut"), "2023-03-26T02:30:00.000Z");
    assert.equal(next("30 5 * * 5", "2023-04-26T00:00:00Z", "Africa/Cairo"), "2023-04-28T02:30:00.000Z");
  });
});

const numbers = (low: number, high: number) => {
  const value = fc.integer({ min: low, max: high });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const base = fc.oneof(fc.constant("*"), range);
  const stepped = fc
    .tuple(fc.oneof(base, value.map(String)), fc.integer({ min: 1, max: 20 }))
    .map(([a, n]) => `${a}/${n}`);
  const part = fc.oneof(fc.constant("*"), value.map(String), range, stepped);
  return fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(","));
};
const schedules = fc
  .tuple(numbers(0, 59), numbers(0, 23), numbers(1, 31), fc.oneof(fc.constant("*"), numbers(1, 12)), numbers(0, 6))
  .map((fields) => fields.join(" "));
const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney");
const times = fc.integer({ min: Date.UTC(2020, 0, 1) / 1000, max: Date.UTC(2030, 0, 1) / 1000 }).map((s) => s * 1000);

/** Whether a field has the value, read anew and slowly. */
const allows = (field: string, value: number, low: number, high: number): boolean =>
  field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/");
    const [first = "", last] = range === "*" ? [String(low), String(high)] : range.split("-");
    const end = last ?? (part.includes("/") ? String(high) : first);
    return value >= Number(first) && value <= Number(end) && (value - Number(first)) % Number(step) === 0;
  });
const isStar = (field: string) => field.split(",").some((part) => part === "*" || part === "*/1");

/** Minute by minute, by what the zone's clock shows. */
function slowNext(schedule: string, after: number, timeZone: string, minutes: number): number | undefined {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = schedule.split(" ");
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  let time = Math.floor(after / MINUTE) * MINUTE;
  for (let count = 0; count < minutes; count++) {
    time += MINUTE;
    const shown = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const weekdayShown = new Date(Date.UTC(shown["year"]!, shown["month"]! - 1, shown["day"]!)).getUTCDay();
    const days = [allows(day, shown["day"]!, 1, 31), allows(weekday, weekdayShown, 0, 6)];
    const matchesDay = isStar(day) || isStar(weekday) ? days.every(Boolean) : days.some(Boolean);
    if (
      matchesDay &&
      allows(month, shown["month"]!, 1, 12) &&
      allows(hour, shown["hour"]!, 0, 23) &&
      allows(minute, shown["minute"]!, 0, 59)
    )
      return time;
  }
  return undefined;
}

test("the next time is the first minute that the zone's clock shows and the schedule names", () => {
  fc.assert(
    fc.property(schedules, zones, times, (schedule, zone, after) => {
      const found = nextCronTime(parseCronSchedule(schedule), after, zone);
      const far = after + 2_000 * MINUTE;
      const slow = slowNext(schedule, after, zone, 2_000);
      assert.equal(
        found !== undefined && found <= far - MINUTE ? found : undefined,
        slow !== undefined && slow <= far - MINUTE ? slow : undefined,
      );
    }),
    { numRuns: 60 },
  );
});

/** A few days around changes of the clocks. */
const changes = fc.constantFrom(
  ["Europe/Berlin", Date.UTC(2026, 2, 29, 1)],
  ["Europe/Berlin", Date.UTC(2026, 9, 25, 1)],
  ["America/New_York", Date.UTC(2026, 2, 8, 7)],
  ["America/New_York", Date.UTC(2026, 10, 1, 6)],
) as fc.Arbitrary<readonly [string, number]>;

test("also where the clocks change", () => {
  const daily = fc.tuple(numbers(0, 59), numbers(0, 4)).map(([minute, hour]) => `${minute} ${hour} * * *`);
  fc.assert(
    fc.property(daily, changes, fc.integer({ min: -600, max: 200 }), (schedule, [zone, at], minutes) => {
      const after = at + minutes * MINUTE;
      assert.equal(nextCronTime(parseCronSchedule(schedule), after, zone), slowNext(schedule, after, zone, 3_000));
    }),
    { numRuns: 60 },
  );
});

test("what is due is the last of the times until now, and the next one comes after it", () => {
  const text = fc.oneof(schedules, fc.constantFrom("@hourly", "@every 7m", "*/10 9 * * 1", "* 0 1 1 *"));
  fc.assert(
    fc.property(text, zones, times, fc.nat(3_000), (one, zone, after, minutes) => {
      const schedule = parseCronSchedule(one);
      const now = after + minutes * MINUTE;
      const due = dueCronTimes(schedule, after, now, zone);
      const all: number[] = [];
      let time = nextCronTime(schedule, after, zone);
      while (time !== undefined && time <= now) {
        all.push(time);
        time = nextCronTime(schedule, time, zone);
      }
      if (due.type === "never") return assert.equal(nextCronTime(schedule, after, zone), undefined);
      assert.equal(due.next, time);
      assert.equal(due.type === "due" ? due.latest : undefined, all.at(-1));
    }),
    { numRuns: 100 },
  );
});
