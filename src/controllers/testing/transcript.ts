import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Plan } from "../framework/index.ts";

export interface TranscriptOptions<View, Step> {
  readonly plan: (view: View, now: number) => Plan<Step>;
  /** When the plan is made, in milliseconds. */
  readonly now?: number;
  /** A step in a few words. */
  readonly tell: (step: Step) => string;
}

/**
 * Examples of a plan: given this, these steps, because. Returns a function that makes a test of one. What is expected
 * is written as it would be told, one line each:
 *
 * ```
 * 1. delete the pod a
 * look again in 60 s
 * because 3 of 2 replicas
 * ```
 *
 * A plan without steps begins with `do nothing`.
 */
export function transcripts<View, Step>({ plan, now = 0, tell }: TranscriptOptions<View, Step>) {
  return (title: string, given: View, expected: string): void => {
    test(title, () => assert.equal(tellPlan(plan(given, now), now, tell), unindented(expected)));
  };
}

function tellPlan<Step>({ steps, requeueAt, because }: Plan<Step>, now: number, tell: (step: Step) => string): string {
  return [
    ...(steps.length === 0 ? ["do nothing"] : steps.map((step, at) => `${at + 1}. ${tell(step)}`)),
    ...(requeueAt === undefined ? [] : [`look again in ${(requeueAt - now) / 1000} s`]),
    `because ${because}`,
  ].join("\n");
}

const unindented = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join("\n");
