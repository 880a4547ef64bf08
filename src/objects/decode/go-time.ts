/** Times as Go's time.Parse reads them, which is more than RFC 3339 allows, and its words for what it does not. */

interface Part {
  readonly layout: string;
  readonly pattern: RegExp;
  readonly range?: readonly [min: number, max: number, name: string];
}

const literal = (text: string): Part => ({ layout: text, pattern: new RegExp(`^${text}`) });
const number = (layout: string, min: number, max: number, name: string): Part => ({
  layout,
  // Of an hour one digit is enough.
  pattern: layout === "15" ? /^\d\d?/ : /^\d\d/,
  range: [min, max, name],
});

const DATE_AND_TIME: readonly Part[] = [
  { layout: "2006", pattern: /^\d{4}/ },
  literal("-"),
  number("01", 1, 12, "month"),
  literal("-"),
  { layout: "02", pattern: /^\d\d/ },
  literal("T"),
  number("15", 0, 23, "hour"),
  literal(":"),
  number("04", 0, 59, "minute"),
  literal(":"),
  number("05", 0, 59, "second"),
];
const MICROS: Part = { layout: ".000000", pattern: /^[.,]\d{6}/ };
const ZONE: Part = { layout: "Z07:00", pattern: /^(?:Z|[+-]\d\d:\d\d)/ };

/**
 * The time in UTC, to the second or (`micro`: exactly six digits are wanted) the microsecond.
 */
export function parseGoTime(text: string, micro: boolean): { readonly text: string } | { readonly error: string } {
  const parts = [...DATE_AND_TIME, ...(micro ? [MICROS] : []), ZONE];
  const values: string[] = [];
  const layout = parts.map((part) => part.layout).join("");
  const failure = (detail: string) => ({ error: `parsing time ${quote(text)}${detail}` });
  let rest = text;
  for (const part of parts) {
    const found = part.pattern.exec(rest)?.[0];
    if (found === undefined) {
      return failure(` as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(part.layout)}`);
    }
    if (part.range) {
      const [min, max, name] = part.range;
      if (Number(found) < min || Number(found) > max) return failure(`: ${name} out of range`);
    }
    if (part.layout === "Z07:00" && found !== "Z") {
      if (Number(found.slice(1, 3)) > 24) return failure(": time zone offset hour out of range");
      if (Number(found.slice(4)) > 60) return failure(": time zone offset minute out of range");
    }
    values.push(found);
    rest = rest.slice(found.length);
    // A fraction of the second is taken even where the layout has none.
    if (part.layout === "05" && !micro) rest = rest.replace(/^[.,]\d+/, "");
  }
  if (rest !== "") return failure(`: extra text: ${quote(rest)}`);
  const date = utc(values);
  if (!date) return failure(": day out of range");
  const seconds = date.toISOString().slice(0, -5);
  return { text: micro ? `${seconds}.${values[11]!.slice(1)}Z` : `${seconds}Z` };
}

/** Undefined when the month has no such day. */
function utc(values: readonly string[]): Date | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = [0, 2, 4, 6, 8, 10].map((at) =>
    Number(values[at]),
  );
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const zone = values.at(-1)!;
  const sign = zone.startsWith("-") ? 1 : -1;
  const offset = zone === "Z" ? 0 : sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  date.setUTCHours(hour, minute + offset, second);
  return date;
}

/** Go's time package quotes on its own: what is no printable ASCII is written byte by byte. */
function quote(text: string): string {
  let result = '"';
  for (const char of text) {
    if (char === '"' || char === "\\") result += `\\${char}`;
    else if (char >= " " && char < "\x80") result += char;
    else for (const byte of new TextEncoder().encode(char)) result += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `${result}"`;
}
