import { zoneOffset } from "../time/index.ts";
import type { CronFields, CronSchedule } from "./cron-schedule.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A schedule that does not come round in so many years never does. */
const YEARS = 5;

/**
 * The first time after `after` that the schedule names, both in milliseconds since the epoch; undefined when none comes
 * in five years. `timeZone`: of a schedule that says none.
 *
 * Goes through months, days, hours and minutes as github.com/robfig/cron v3 does, by the rules of Go's time package,
 * so that a time that a change of the clocks skips, or brings twice, is skipped, or comes twice, as upstream.
 */
export function nextCronTime(schedule: CronSchedule, after: number, timeZone: string): number | undefined {
  const second = Math.floor(after / SECOND) * SECOND;
  if (schedule.type === "interval") return second + schedule.ms;
  const zone = schedule.timeZone ?? timeZone;
  const search = new Search(schedule, zone, second + SECOND);
  while (search.civil.year <= search.lastYear) {
    if (search.toMonth() && search.toDay() && search.toHour() && search.toMinute()) return search.time;
  }
  return undefined;
}

/** What a clock on the wall shows. */
interface Civil {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Sunday is 0. */
  readonly weekday: number;
}

/** A time that is moved on field by field. Each step says whether it got there without one of a larger unit's end. */
class Search {
  readonly lastYear: number;
  readonly #schedule: CronFields;
  readonly #zone: string;
  /** A field was moved on: what is smaller than it stands at its beginning. */
  #moved = false;
  #time: number;
  #civil: Civil;

  constructor(schedule: CronFields, zone: string, time: number) {
    this.#schedule = schedule;
    this.#zone = zone;
    this.#time = time;
    this.#civil = civilOf(time, zone);
    this.lastYear = this.#civil.year + YEARS;
  }

  get time(): number {
    return this.#time;
  }

  get civil(): Civil {
    return this.#civil;
  }

  toMonth(): boolean {
    while (!this.#schedule.months.has(this.#civil.month)) {
      const { year, month } = this.#civil;
      if (this.#moveOn()) this.#set(timeOf({ year, month, day: 1 }, this.#zone));
      this.#set(timeOf({ ...this.#civil, month: this.#civil.month + 1 }, this.#zone));
      if (this.#civil.month === 1) return false;
    }
    return true;
  }

  toDay(): boolean {
    while (!this.#matchesDay()) {
      const { year, month, day } = this.#civil;
      if (this.#moveOn()) this.#set(timeOf({ year, month, day }, this.#zone));
      this.#set(timeOf({ ...this.#civil, day: this.#civil.day + 1 }, this.#zone));
      this.#toBeginningOfDay();
      if (this.#civil.day === 1) return false;
    }
    return true;
  }

  toHour(): boolean {
    while (!this.#schedule.hours.has(this.#civil.hour)) {
      const { year, month, day, hour } = this.#civil;
      if (this.#moveOn()) this.#set(timeOf({ year, month, day, hour }, this.#zone));
      this.#set(this.#time + HOUR);
      if (this.#civil.hour === 0) return false;
    }
    return true;
  }

  /** Also to the beginning of the minute. */
  toMinute(): boolean {
    while (!this.#schedule.minutes.has(this.#civil.minute)) {
      if (this.#moveOn()) this.#set(Math.floor(this.#time / MINUTE) * MINUTE);
      this.#set(this.#time + MINUTE);
      if (this.#civil.minute === 0) return false;
    }
    const { second } = this.#civil;
    if (second === 0) return true;
    this.#moved = true;
    this.#set(this.#time + MINUTE - second * SECOND);
    return false;
  }

  /**
   * Some days have no midnight, for the clocks are put forward then: it is the day's first hour, or the last one of the
   * day before, that was found, and an hour off on the next days. Upstream also goes from one o'clock of a day without
   * midnight to eleven of the day before, and then misses the day, or never ends.
   */
  #toBeginningOfDay(): void {
    const { day, hour } = this.#civil;
    if (hour === 0) return;
    if (hour > 12) return this.#set(this.#time + (24 - hour) * HOUR);
    const midnight = this.#time - hour * HOUR;
    if (civilOf(midnight, this.#zone).day === day) this.#set(midnight);
  }

  #matchesDay(): boolean {
    const { days, weekdays, bothDays } = this.#schedule;
    const day = days.has(this.#civil.day);
    const weekday = weekdays.has(this.#civil.weekday);
    return bothDays ? day && weekday : day || weekday;
  }

  /** Whether this is the first field that is moved on. */
  #moveOn(): boolean {
    const first = !this.#moved;
    this.#moved = true;
    return first;
  }

  #set(time: number): void {
    this.#time = time;
    this.#civil = civilOf(time, this.#zone);
  }
}

function civilOf(time: number, zone: string): Civil {
  const date = new Date(time + zoneOffset(time, zone));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

/** When the zone's clocks show this; months and days beyond the end run on (Go's time.Date). */
function timeOf(
  { year, month, day, hour = 0, minute = 0, second = 0 }: Pick<Civil, "year" | "month" | "day"> & Partial<Civil>,
  zone: string,
): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const shown = date.getTime() + hour * HOUR + minute * MINUTE + second * SECOND;
  return shown - zoneOffset(shown - zoneOffset(shown, zone), zone);
}

export type CronDue =
  /** It names no time in five years. */
  | { readonly type: "never" }
  /** None until now. */
  | { readonly type: "none"; readonly next: number }
  | {
      readonly type: "due";
      readonly latest: number;
      /** About how many there are: as many as fit in if all were as far apart as the first two. */
      readonly about: number;
      readonly next: number | undefined;
    };

/**
 * The times of a schedule after `after` up to `now` (milliseconds since the epoch), and the next one.
 *
 * Unlike upstream's mostRecentScheduleTime the latest is exact. Upstream extrapolates from the first two, and may find
 * none where they are closer to each other than those that follow: every ten minutes of a Monday morning, on a Tuesday.
 */
export function dueCronTimes(schedule: CronSchedule, after: number, now: number, timeZone: string): CronDue {
  const next = (time: number) => nextCronTime(schedule, time, timeZone);
  const first = next(after);
  if (first === undefined) return { type: "never" };
  if (now < first) return { type: "none", next: first };
  const second = next(first);
  if (second === undefined) return { type: "never" };
  if (now < second) return { type: "due", latest: first, about: 1, next: second };
  const about = Math.floor((now - first) / (second - first)) + 1;
  const latest = schedule.type === "interval" ? first + (about - 1) * schedule.ms : latestUntil(now, second, next);
  return { type: "due", latest, about, next: next(latest) };
}

/** The latest of the times up to `now`; `early` is one of them. */
function latestUntil(now: number, early: number, next: (time: number) => number | undefined): number {
  let [latest, none] = [early, now];
  while (none - latest > SECOND) {
    const middle = latest + (none - latest) / 2;
    const found = next(middle);
    if (found !== undefined && found <= now) latest = found;
    else none = middle;
  }
  return latest;
}
