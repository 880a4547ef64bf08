/** Points in time as the API writes them: RFC 3339 in UTC. */

/** The first and the last second that RFC 3339 can say, and Go's time can read. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

/**
 * Seconds: `2026-01-01T00:00:00Z`. `ms` is milliseconds since the epoch; what is below a second is cut off. A time that
 * lies beyond the year 9999 becomes its end.
 */
export function formatTime(ms: number): string {
  const second = Math.min(Math.max(Math.floor(ms / 1000), FIRST_SECOND), LAST_SECOND);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, -5)}Z`;
    lastSecond = second;
  }
  return lastText;
}

// Many objects are stamped in the same second.
let lastSecond = Number.NaN;
let lastText = "";

/** Microseconds: `2026-01-01T00:00:00.123000Z`. `ms` may have a fraction. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor((ms - Math.floor(ms)) * 1000);
  return `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since the epoch of an RFC 3339 time, with a fraction down to microseconds; undefined when it is none. */
export function parseTime(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const midnight = dayOf(Number(year), Number(month), Number(day));
  if (midnight === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const time = midnight + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
  if (fraction === "" && zone === "Z") return time;
  const micros = Number(fraction.slice(0, 6).padEnd(6, "0"));
  let offset = 0;
  if (zone !== "Z") {
    const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
    if (hours > 23 || minutes > 59) return undefined;
    offset = (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  }
  return time - offset + micros / 1000;
}

let lastDay = { year: 1970, month: 1, day: 1, at: 0 };

/** When a day begins; undefined for one that does not exist. Times that are read in a row are often of the same day. */
function dayOf(year: number, month: number, day: number): number | undefined {
  if (lastDay.day === day && lastDay.month === month && lastDay.year === year) return lastDay.at;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  lastDay = { year, month, day, at: date.getTime() };
  return lastDay.at;
}
