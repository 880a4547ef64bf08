/** Label selectors, compiled once so that matching allocates nothing (apimachinery labels and meta/v1 helpers). */
import type { LabelSelector } from "../generated/types.ts";
import { badRequest } from "../status-error.ts";
import { parseRequirements, SelectorSyntaxError } from "./label-parser.ts";
import {
  aggregate,
  compileRequirement,
  formatRequirement,
  requirementErrors,
  type Labels,
  type Operator,
  type Requirement,
} from "./requirement.ts";

/** A compiled label selector. */
export interface LabelMatcher {
  readonly matches: (labels: Labels) => boolean;
  /** All of these must hold; sorted by key. None also for the selector that matches nothing. */
  readonly requirements: readonly Requirement[];
  /** Whether it selects everything. */
  readonly empty: boolean;
  /** The one value that `key` must have, if the selector says so. */
  exactValue(key: string): string | undefined;
  /** The text form, `app=web,tier in (a,b)`; empty for everything and for nothing. */
  toString(): string;
}

function compile(requirements: readonly Requirement[], matches: (labels: Labels) => boolean): LabelMatcher {
  return {
    matches,
    requirements,
    empty: requirements.length === 0 && matches === always,
    exactValue(key) {
      const found = requirements.find((requirement) => requirement.key === key);
      const exact = found && (found.operator === "=" || found.operator === "==" || found.operator === "in");
      return exact && found.values.length === 1 ? found.values[0] : undefined;
    },
    toString: () => requirements.map(formatRequirement).join(","),
  };
}

const always = () => true;

/** Selects everything. */
export const EVERYTHING: LabelMatcher = compile([], always);
/** Selects nothing: what an absent LabelSelector means. */
export const NOTHING: LabelMatcher = compile([], () => false);

const byKey = (a: Requirement, b: Requirement) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** The conjunction of requirements, which are taken to be valid. */
export function selectorOf(requirements: readonly Requirement[]): LabelMatcher {
  if (requirements.length === 0) return EVERYTHING;
  const sorted = requirements.toSorted(byKey);
  const checks = sorted.map(compileRequirement);
  if (checks.length === 1) return compile(sorted, checks[0]!);
  return compile(sorted, (labels) => {
    for (let i = 0; i < checks.length; i++) if (!checks[i]!(labels)) return false;
    return true;
  });
}

/** `a=b,c in (x,y),!d`. Throws a 400 StatusError with upstream's text when it does not parse. */
export function parseLabelSelector(text: string): LabelMatcher {
  if (text === "") return EVERYTHING;
  try {
    return selectorOf(parseRequirements(text));
  } catch (error) {
    throw error instanceof SelectorSyntaxError ? badRequest(error.message) : error;
  }
}

/** Exactly these labels (and any others beside them): a Service's selector. None selects everything. */
export function selectorFromSet(set: Labels): LabelMatcher {
  return selectorOf(Object.entries(set ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

const OPERATORS: Readonly<Record<string, Operator>> = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" };

/**
 * A LabelSelector of the API: an absent one selects nothing, an empty one everything. Throws a 400 StatusError
 * when it is invalid, which validation keeps out of stored objects.
 */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (!selector) return NOTHING;
  const requirements: Requirement[] = [];
  for (const key in selector.matchLabels) {
    requirements.push({ key, operator: "=", values: [selector.matchLabels[key]!] });
  }
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (!known) throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push({ key, operator: known, values });
  }
  for (const requirement of requirements) {
    const errors = requirementErrors(requirement);
    if (errors.length > 0) throw badRequest(aggregate(errors));
  }
  return selectorOf(requirements);
}

/** How kubectl's SELECTOR column shows a selector: its text, `<none>`, or `<error>`. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  try {
    return compileLabelSelector(selector).toString() || "<none>";
  } catch {
    return "<error>";
  }
}
