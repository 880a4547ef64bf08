import {
  cIdentifier,
  duplicate,
  required,
  type FieldError,
  type MatchCondition,
  type MatchResources,
  type ParamKind,
  type Variable,
} from "#objects";
import { present, requiredOneOf } from "../common/checks.ts";
import { repeats } from "../common/repeats.ts";
import {
  expressionErrors,
  FAILURE_POLICIES,
  matchConditionErrors,
  matchResourcesErrors,
  paramKindErrors,
} from "./rules.ts";

interface PolicySpec {
  readonly failurePolicy?: string;
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
}

function variableErrors(variables: readonly Variable[]): FieldError[] {
  const repeated = repeats(variables.map(({ name }) => name));
  return variables.flatMap(({ name, expression }, i) => {
    const field = `spec.variables[${i}]`;
    const errors = present(`${field}.name`, name, cIdentifier);
    if (name && repeated[i]) errors.push(duplicate(`${field}.name`, name));
    return [...errors, ...expressionErrors(`${field}.expression`, expression)];
  });
}

/** What policies of both kinds have in common. */
export function policyErrors(spec: PolicySpec): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints } = spec;
  const constraints = "spec.matchConstraints";
  const errors = requiredOneOf("spec.failurePolicy", failurePolicy, FAILURE_POLICIES);
  if (paramKind) errors.push(...paramKindErrors("spec.paramKind", paramKind));
  if (!matchConstraints) errors.push(required(constraints));
  else {
    errors.push(...matchResourcesErrors(constraints, matchConstraints));
    if (!matchConstraints.resourceRules?.length) errors.push(required(`${constraints}.resourceRules`));
  }
  errors.push(...matchConditionErrors("spec.matchConditions", spec.matchConditions));
  return [...errors, ...variableErrors(spec.variables ?? [])];
}

/** `*` + `/name` when it cannot be seen whether the parameter has a namespace. */
export function paramText(
  ref: { readonly name?: string; readonly namespace?: string; readonly selector?: object } | undefined,
): string {
  if (!ref) return "<unset>";
  if (ref.name) return `${ref.namespace || "*"}/${ref.name}`;
  return ref.selector ? JSON.stringify(ref.selector) : "<unset>";
}

export const paramKindText = (kind: ParamKind | undefined): string =>
  kind ? `${kind.apiVersion ?? ""}/${kind.kind ?? ""}` : "<unset>";
