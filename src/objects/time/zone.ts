/** Time zones by their names in the IANA database: `Europe/Berlin`. */

import { BoundedMap } from "#base";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
      timeZone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

const DAY = 86_400_000;
/** Offsets at the beginnings of days in UTC, by zone and time. */
const offsets = new BoundedMap<string, number>(10_000);

/** How far the zone's clocks are ahead of UTC at this time (milliseconds since the epoch), in milliseconds. */
export function zoneOffset(ms: number, timeZone: string): number {
  if (timeZone === "UTC") return 0;
  const midnight = Math.floor(ms / DAY) * DAY;
  const before = offsetAtMidnight(midnight, timeZone);
  // No zone changes its offset and takes it back within a day.
  return before === offsetAtMidnight(midnight + DAY, timeZone) ? before : readOffset(ms, timeZone);
}

function offsetAtMidnight(ms: number, timeZone: string): number {
  const key = `${timeZone} ${ms}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    offset = readOffset(ms, timeZone);
    offsets.set(key, offset);
  }
  return offset;
}

function readOffset(ms: number, timeZone: string): number {
  const second = Math.floor(ms / 1000) * 1000;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(second)) parts[type] = value;
  const year = parts.era?.startsWith("B") ? 1 - Number(parts.year) : Number(parts.year);
  const there = new Date(0);
  there.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  there.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  return there.getTime() - second;
}

/** RFC 3339 with the zone's offset: `2026-07-01T02:00:00+02:00`, and `Z` where it is none. */
export function formatTimeIn(ms: number, timeZone: string): string {
  const offset = Math.trunc(zoneOffset(ms, timeZone) / 60_000);
  const local = new Date(Math.floor(ms / 1000) * 1000 + offset * 60_000).toISOString().slice(0, -5);
  if (offset === 0) return `${local}Z`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
