// The text that closes a run: pure.
import { inspect } from "node:util";
import type { Counts, FileRun } from "./results.ts";
import { isFailure, type TestResult } from "./results.ts";
import { isWithin, type Target } from "./retry.ts";

export type NameOf = (file: string) => string;

/** `file › suite › test`. */
export const nameOfTarget = ({ file, path }: Target, nameOf: NameOf): string =>
  [nameOf(file), ...(path ?? [])].join(" › ");

/** What the run says about the target: what each failed test threw; for a file as a whole also its last output. */
export function describeFailure(target: Target, run: FileRun, nameOf: NameOf): string {
  const { path } = target;
  const concerned = run.results.filter(
    (result) => isFailure(result) && result.failureType !== "subtestsFailed" && (!path || isWithin(result, path)),
  );
  const lines = concerned.map((result) => describeResult(result, nameOf));
  if (!path && run.trouble !== undefined) {
    lines.unshift(run.trouble);
    if (run.output.length > 0) lines.push(`the last it printed:\n${indent(run.output.join("").trimEnd())}`);
  }
  return lines.map(indent).join("\n");
}

function describeResult({ path, cause, location }: TestResult, nameOf: NameOf): string {
  const [, file, position] = /^(.*?)((?::\d+)*)$/s.exec(location ?? "")!;
  const thrown = typeof cause === "string" ? cause : inspect(cause, { depth: 5 });
  return `${path.join(" › ")}${file ? ` (${nameOf(file)}${position})` : ""}\n${indent(thrown)}`.trimStart();
}

const indent = (text: string) => text.replaceAll(/^(?=.)/gm, "  ");

/** Under a heading, each target with its first failure; empty when there are none. */
export function section(
  heading: string,
  entries: readonly { readonly target: Target; readonly first: FileRun; readonly note?: string }[],
  nameOf: NameOf,
): string {
  if (entries.length === 0) return "";
  const texts = entries.map(
    ({ target, first, note }) =>
      `${nameOfTarget(target, nameOf)}${note ? `: ${note}` : ""}\n${describeFailure(target, first, nameOf)}`,
  );
  return `\n${heading}\n\n${texts.join("\n\n")}\n`;
}

export function slowest(runs: readonly FileRun[], nameOf: NameOf, most = 10): string {
  const sorted = runs.toSorted((a, b) => b.seconds - a.seconds).slice(0, most);
  if (sorted.length < 2) return "";
  const lines = sorted.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${nameOf(file)}`);
  return `\nslowest files\n${lines.join("\n")}\n`;
}

/** `1 min 5 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** The runner's count, in the words of node:test's own; it closes the output. */
export function totals(counts: Counts, milliseconds: number): string {
  const lines: [string, number][] = [
    ["tests", counts.tests],
    ["suites", counts.suites],
    ["pass", counts.passed],
    ["fail", counts.failed],
    ["cancelled", counts.cancelled],
    ["skipped", counts.skipped],
    ["todo", counts.todo],
    ["duration_ms", milliseconds],
  ];
  return lines.map(([name, value]) => `ℹ ${name} ${value}\n`).join("");
}
