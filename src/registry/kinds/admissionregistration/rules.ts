import {
  duplicate,
  forbidden,
  invalid,
  qualifiedName,
  required,
  tooMany,
  validateLabelSelector,
  type Draft,
  type FieldError,
  type LabelSelector,
  type MatchCondition,
  type MatchResources,
  type NamedRuleWithOperations,
  type RuleWithOperations,
} from "#objects";
import { oneOf, present, requiredOneOf } from "../common/checks.ts";
import { repeats } from "../common/repeats.ts";

export const GROUP = "admissionregistration.k8s.io";
export const CATEGORIES: readonly string[] = ["api-extensions"];
export const FAILURE_POLICIES: readonly string[] = ["Fail", "Ignore"];
export const MATCH_POLICIES: readonly string[] = ["Equivalent", "Exact"];
export const REINVOCATION_POLICIES: readonly string[] = ["IfNeeded", "Never"];

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];
const MAX_CONDITIONS = 64;

interface Selecting {
  matchPolicy?: string;
  namespaceSelector?: Draft<LabelSelector>;
  objectSelector?: Draft<LabelSelector>;
}

export function applySelectorDefaults(draft: Selecting): void {
  draft.matchPolicy ??= "Equivalent";
  draft.namespaceSelector ??= {};
  draft.objectSelector ??= {};
}

export function applyRuleDefaults(rules: readonly Draft<RuleWithOperations>[] = []): void {
  for (const rule of rules) rule.scope ??= "*";
}

export function applyMatchDefaults(match: Draft<MatchResources> | undefined): void {
  if (!match) return;
  applySelectorDefaults(match);
  applyRuleDefaults(match.resourceRules);
  applyRuleDefaults(match.excludeResourceRules);
}

function aloneErrors(field: string, values: readonly string[] = [], what: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  return values.length > 1 && values.includes("*")
    ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

/** `pods`, `pods/status`, `*`, `*` + `/*`: what a wildcard covers may not be named again. */
function resourceErrors(field: string, resources: readonly string[] = []): FieldError[] {
  if (resources.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const withSubresources = new Set<string>();
  const seen = new Set<string>();
  for (const [i, resource] of resources.entries()) {
    const path = `${field}[${i}]`;
    if (resource === "") errors.push(required(path));
    const [main = "", sub] = resource.split("/");
    if (withSubresources.has(main))
      errors.push(invalid(path, resource, `if '${main}/*' is present, must not specify ${resource}`));
    if (sub === "*") withSubresources.add(main);
    if (seen.has(resource)) errors.push(duplicate(path, resource));
    seen.add(resource);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && resources.some((resource) => !resource.includes("/") && resource !== "*")) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalid(field, resources, detail));
  }
  return errors;
}

export function ruleErrors(field: string, rule: RuleWithOperations): FieldError[] {
  const { operations = [], apiGroups, apiVersions, resources, scope } = rule;
  const errors: FieldError[] = [];
  if (operations.length === 0) errors.push(required(`${field}.operations`));
  if (operations.length > 1 && operations.includes("*")) {
    errors.push(invalid(`${field}.operations`, operations, "if '*' is present, must not specify other operations"));
  }
  errors.push(
    ...operations.flatMap((operation, i) => oneOf(`${field}.operations[${i}]`, operation, OPERATIONS)),
    ...aloneErrors(`${field}.apiGroups`, apiGroups, "API groups"),
    ...aloneErrors(`${field}.apiVersions`, apiVersions, "API versions"),
    ...resourceErrors(`${field}.resources`, resources),
  );
  return scope === undefined ? errors : [...errors, ...oneOf(`${field}.scope`, scope, SCOPES)];
}

function namedRuleErrors(field: string, rule: NamedRuleWithOperations): FieldError[] {
  const names = rule.resourceNames ?? [];
  const repeated = repeats(names);
  return [
    ...names.flatMap((name, i) => (repeated[i] ? [duplicate(`${field}.resourceNames[${i}]`, name)] : [])),
    ...ruleErrors(field, rule),
  ];
}

export function matchResourcesErrors(field: string, match: MatchResources): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...requiredOneOf(`${field}.matchPolicy`, matchPolicy, MATCH_POLICIES),
    ...(namespaceSelector
      ? validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`)
      : [required(`${field}.namespaceSelector`)]),
    ...(objectSelector
      ? validateLabelSelector(objectSelector, `${field}.labelSelector`)
      : [required(`${field}.objectSelector`)]),
    ...resourceRules.flatMap((rule, i) => namedRuleErrors(`${field}.resourceRules[${i}]`, rule)),
    ...excludeResourceRules.flatMap((rule, i) => namedRuleErrors(`${field}.excludeResourceRules[${i}]`, rule)),
  ];
}

/** Conditions have names and expressions; whether an expression compiles is known only where it is run. */
export function matchConditionErrors(field: string, conditions: readonly MatchCondition[] = []): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > MAX_CONDITIONS) errors.push(tooMany(field, conditions.length, MAX_CONDITIONS));
  const names = new Set<string>();
  for (const [i, { name, expression }] of conditions.entries()) {
    const path = `${field}[${i}]`;
    errors.push(...expressionErrors(`${path}.expression`, expression));
    errors.push(...present(`${path}.name`, name, qualifiedName));
    if (name && names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  return errors;
}

export const expressionErrors = (field: string, expression: string | undefined): FieldError[] =>
  expression?.trim() ? [] : [required(field)];

export const paramRefErrors = (
  field: string,
  ref: { readonly name?: string; readonly selector?: LabelSelector; readonly parameterNotFoundAction?: string },
): FieldError[] => {
  const { name, selector, parameterNotFoundAction: action } = ref;
  const errors: FieldError[] = [];
  if (name && selector) errors.push(forbidden(`${field}.name`, "name and selector are mutually exclusive"));
  else if (!name && !selector) errors.push(required(field, "one of name or selector must be specified"));
  if (selector) errors.push(...validateLabelSelector(selector, `${field}.selector`));
  return [...errors, ...requiredOneOf(`${field}.parameterNotFoundAction`, action, ["Allow", "Deny"])];
};

export function paramKindErrors(field: string, kind: { readonly apiVersion?: string; readonly kind?: string }) {
  return [...present(`${field}.apiVersion`, kind.apiVersion), ...present(`${field}.kind`, kind.kind)];
}
