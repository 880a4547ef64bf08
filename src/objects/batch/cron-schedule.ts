import { goQuote } from "../decode/json-syntax.ts";
import { integerProblem } from "../go-integer.ts";
import { isTimeZone, parseDuration } from "../time/index.ts";

/** When a CronJob is due. */
export type CronSchedule = CronInterval | CronFields;

/** `@every 1h`: so long after the last time. */
export interface CronInterval {
  readonly type: "interval";
  /** Whole seconds, in milliseconds; at least one. */
  readonly ms: number;
}

/** Five fields, or a descriptor that stands for them. */
export interface CronFields {
  readonly type: "fields";
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** Sunday is 0. */
  readonly weekdays: ReadonlySet<number>;
  /** Days and weekdays must both match, for one of them has a star; without one either is enough. */
  readonly bothDays: boolean;
  /** As `TZ=` says; absent: that of the one who asks. */
  readonly timeZone?: string;
}

/** A field of a schedule: its bounds, and the names that stand for numbers. */
interface FieldRule {
  readonly low: number;
  readonly high: number;
  readonly names?: Readonly<Record<string, number>>;
}

/** What a field allows. A star without a step says that anything goes, which a list of all values does not. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

const numbered = (names: readonly string[], first: number): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, i) => [name, first + i]));

const FIELDS: readonly FieldRule[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  {
    low: 1,
    high: 12,
    names: numbered(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1),
  },
  { low: 0, high: 6, names: numbered(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], 0) },
];

const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/**
 * A schedule in cron's notation.
 *
 * @throws Error that says what is wrong with it, in the words of github.com/robfig/cron v3, whose ParseStandard
 * upstream uses.
 */
export function parseCronSchedule(schedule: string): CronSchedule {
  if (schedule === "") throw new Error("empty spec string");
  if (!schedule.startsWith("TZ=") && !schedule.startsWith("CRON_TZ=")) return parseRest(schedule, undefined);
  const space = schedule.indexOf(" ");
  const begin = schedule.indexOf("=") + 1;
  // Upstream's library panics here.
  if (space < 0) throw new Error(`invalid schedule format: runtime error: slice bounds out of range [:-1]`);
  const timeZone = schedule.slice(begin, space);
  if (timeZone !== "" && !isTimeZone(timeZone)) {
    throw new Error(`provided bad location ${timeZone}: unknown time zone ${timeZone}`);
  }
  return parseRest(schedule.slice(space).trim(), timeZone || "UTC");
}

/** What is wrong with a schedule, undefined when nothing is. */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    parseCronSchedule(schedule);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function parseRest(schedule: string, timeZone: string | undefined): CronSchedule {
  if (!schedule.startsWith("@")) return parseFields(schedule, timeZone);
  const fields = DESCRIPTORS.get(schedule);
  if (fields !== undefined) return parseFields(fields, timeZone);
  if (!schedule.startsWith("@every ")) throw new Error(`unrecognized descriptor: ${schedule}`);
  try {
    const ms = parseDuration(schedule.slice("@every ".length));
    return { type: "interval", ms: Math.max(1, Math.floor(ms / 1000)) * 1000 };
  } catch (error) {
    throw new Error(`failed to parse duration ${schedule}: ${(error as Error).message}`, { cause: error });
  }
}

function parseFields(schedule: string, timeZone: string | undefined): CronFields {
  const texts = schedule.split(/\s+/).filter((field) => field !== "");
  if (texts.length !== FIELDS.length) {
    throw new Error(`expected exactly ${FIELDS.length} fields, found ${texts.length}: [${texts.join(" ")}]`);
  }
  const [minutes, hours, days, months, weekdays] = FIELDS.map((rule, i) => parseField(texts[i]!, rule));
  return {
    type: "fields",
    minutes: minutes!.values,
    hours: hours!.values,
    days: days!.values,
    months: months!.values,
    weekdays: weekdays!.values,
    bothDays: days!.star || weekdays!.star,
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

function parseField(text: string, rule: FieldRule): Field {
  const parts = text.split(",").filter((part) => part !== "");
  const ranges = parts.map((part) => parseRange(part, rule));
  return {
    values: new Set(ranges.flatMap(({ values }) => [...values])),
    star: ranges.some(({ star }) => star),
  };
}

/** One value or range, with a step perhaps: `5`, `1-5`, `1-30/2`, `5/15` (to the end), or a star. */
function parseRange(expression: string, rule: FieldRule): Field {
  const [range = "", stepText, ...tooMuch] = expression.split("/");
  const [startText = "", endText, ...more] = range.split("-");
  const star = startText === "*" || startText === "?";
  let { low: start, high: end } = rule;
  if (!star) {
    start = numberOf(startText, rule);
    if (more.length > 0) throw new Error(`too many hyphens: ${expression}`);
    end = endText === undefined ? start : numberOf(endText, rule);
  }
  if (tooMuch.length > 0) throw new Error(`too many slashes: ${expression}`);
  const step = stepText === undefined ? 1 : numberOf(stepText, { low: 0, high: 0 });
  if (stepText !== undefined && endText === undefined) end = rule.high;
  if (start < rule.low) throw new Error(`beginning of range (${start}) below minimum (${rule.low}): ${expression}`);
  if (end > rule.high) throw new Error(`end of range (${end}) above maximum (${rule.high}): ${expression}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${expression}`);
  const values = new Set<number>();
  for (let value = start; value <= end; value += step) values.add(value);
  return { values, star: star && step === 1 };
}

function numberOf(text: string, { names = {} }: FieldRule): number {
  const name = text.toLowerCase();
  if (Object.hasOwn(names, name)) return names[name]!;
  const problem = integerProblem(text);
  if (problem) throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${goQuote(text)}: ${problem}`);
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${BigInt(text)}) not allowed: ${text}`);
  return value;
}
