// How a property that fails is reported: the drawn values in a form that a developer reads. Pure.
import fc, { type RunDetails } from "fast-check";

const WIDTH = 100;

/** A reporter of fast-check, for properties of both kinds: throws when the property failed. */
export function reportProperty<T>(details: RunDetails<T>): void {
  if (!details.failed) return;
  throw new Error(propertyMessage(details) ?? fc.defaultReportMessage(details), { cause: details.errorInstance });
}

/** Undefined when there is no counterexample: too many values were skipped, or time was up. */
function propertyMessage<T>(details: RunDetails<T>): string | undefined {
  const { counterexample, counterexamplePath, numRuns, numShrinks, seed, errorInstance } = details;
  if (counterexample === null) return undefined;
  const reason = errorInstance instanceof Error ? errorInstance.message : fc.stringify(errorInstance);
  return [
    `Property failed after ${numRuns} ${numRuns === 1 ? "run" : "runs"}, made smaller ${numShrinks} times.`,
    `To run this case alone: fc.assert(…, { seed: ${seed}, path: ${JSON.stringify(counterexamplePath)} })`,
    "",
    formatCounterexample(counterexample as readonly unknown[]),
    "",
    reason,
  ].join("\n");
}

/** The arguments of a property: one as it is, several each under its place. */
export function formatCounterexample(values: readonly unknown[]): string {
  if (values.length === 1) return block(values[0], WIDTH, []).join("\n");
  return values.flatMap((value, i) => labelled(`argument ${i + 1}:`, value, [])).join("\n");
}

/** The lines of a value: YAML, but that a list that does not fit a line has numbers. */
function block(value: unknown, width: number, around: readonly object[]): string[] {
  const line = inline(value, around);
  if (line.length <= width || !isContainer(value) || around.includes(value)) return line.split("\n");
  const within = [...around, value];
  if (!Array.isArray(value)) {
    return fieldsOf(value).flatMap(([key, item]) => labelled(`${textOf(key)}:`, item, within));
  }
  return value.flatMap((item: unknown, i) => {
    const number = `${i + 1}. `;
    return hanging(number, block(item, WIDTH - number.length, within));
  });
}

function labelled(label: string, value: unknown, around: readonly object[]): string[] {
  const width = WIDTH - label.length - 1;
  const line = inline(value, around);
  if (line.length <= width || !isContainer(value)) return [`${label} ${line}`];
  return [label, ...block(value, width, around).map((each) => `  ${each}`)];
}

const hanging = (lead: string, lines: readonly string[]): string[] =>
  lines.map((line, i) => (i === 0 ? lead : " ".repeat(lead.length)) + line);

function inline(value: unknown, around: readonly object[]): string {
  if (typeof value === "string") return textOf(value);
  if (value instanceof Uint8Array) return `${value.length} bytes${value.length > 0 ? ":" : ""}${hexOf(value)}`;
  if (!isContainer(value)) return fc.stringify(value);
  if (around.includes(value)) return "(contains itself)";
  const within = [...around, value];
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, within)).join(", ")}]`;
  const fields = fieldsOf(value).map(([key, item]) => `${textOf(key)}: ${inline(item, within)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => ` ${byte.toString(16).padStart(2, "0")}`).join("");

/** What cannot be taken for anything else in YAML stands without quotes. */
function textOf(text: string): string {
  if (isBare(text)) return text;
  const quoted = JSON.stringify(text);
  const takesSingleQuotes = text.includes('"') && !text.includes("'") && !/\\[^"]/.test(quoted);
  return takesSingleQuotes ? `'${text}'` : quoted;
}

const isBare = (text: string): boolean =>
  /^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|null|undefined|yes|no|on|off|y|n|NaN|Infinity)$/i.test(text);

/** Fields that are undefined are absent to all that reads an object. */
const fieldsOf = (value: object): [string, unknown][] => Object.entries(value).filter(([, item]) => item !== undefined);

const isContainer = (value: unknown): value is object => isPlain(value) || (Array.isArray(value) && !hasOwnForm(value));

const isPlain = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null || hasOwnForm(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** It says itself how it is shown. */
const hasOwnForm = (value: object): boolean => fc.hasToStringMethod(value) || fc.hasAsyncToStringMethod(value);
