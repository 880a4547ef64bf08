import { goQuote } from "../decode/json-syntax.ts";
import { integerProblem } from "../go-integer.ts";
import { parseDuration } from "../time/index.ts";

/** A field of a schedule: its bounds, and the names that stand for numbers. */
interface FieldRule {
  readonly low: number;
  readonly high: number;
  readonly names?: Readonly<Record<string, number>>;
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

const DESCRIPTORS = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]);

/**
 * What is wrong with a schedule in cron's notation, undefined when nothing is; in the words of
 * github.com/robfig/cron, whose ParseStandard upstream uses.
 */
export function scheduleProblem(schedule: string): string | undefined {
  let rest = schedule.trim();
  if (rest === "") return "empty spec string";
  if (rest.startsWith("TZ=") || rest.startsWith("CRON_TZ=")) {
    const space = rest.indexOf(" ");
    rest = space < 0 ? "" : rest.slice(space).trim();
  }
  if (rest.startsWith("@")) return descriptorProblem(rest);
  const fields = rest.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(" ")}]`;
  }
  for (const [i, rule] of FIELDS.entries()) {
    for (const part of fields[i]!.split(",")) {
      if (part === "") continue;
      const problem = rangeProblem(part, rule);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function descriptorProblem(descriptor: string): string | undefined {
  if (DESCRIPTORS.has(descriptor)) return undefined;
  if (!descriptor.startsWith("@every ")) return `unrecognized descriptor: ${descriptor}`;
  try {
    parseDuration(descriptor.slice("@every ".length));
    return undefined;
  } catch (error) {
    return `failed to parse duration ${descriptor}: ${(error as Error).message}`;
  }
}

/** One value or range, with a step perhaps: `5`, `1-5`, `1-30/2`, or a star. */
function rangeProblem(expression: string, rule: FieldRule): string | undefined {
  const [range = "", stepText, ...tooMuch] = expression.split("/");
  const [startText = "", endText, ...more] = range.split("-");
  if (tooMuch.length > 0) return `too many slashes: ${expression}`;
  if (more.length > 0) return `too many hyphens: ${expression}`;
  let { low: start, high: end } = rule;
  if (startText !== "*" && startText !== "?") {
    const first = numberOf(startText, rule);
    if (typeof first === "string") return first;
    start = first;
    const last = endText === undefined ? (stepText === undefined ? first : rule.high) : numberOf(endText, rule);
    if (typeof last === "string") return last;
    end = last;
  }
  if (stepText !== undefined) {
    const step = numberOf(stepText, { low: 0, high: 0 });
    if (typeof step === "string") return step;
    if (step === 0) return `step of range should be a positive number: ${expression}`;
  }
  if (start < rule.low) return `beginning of range (${start}) below minimum (${rule.low}): ${expression}`;
  if (end > rule.high) return `end of range (${end}) above maximum (${rule.high}): ${expression}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  return undefined;
}

function numberOf(text: string, { names }: FieldRule): number | string {
  const named = names?.[text.toLowerCase()];
  if (named !== undefined) return named;
  const problem = integerProblem(text);
  if (problem) return `failed to parse int from ${text}: strconv.Atoi: parsing ${goQuote(text)}: ${problem}`;
  const value = Number(text);
  return value < 0 ? `negative number (${BigInt(text)}) not allowed: ${text}` : value;
}
