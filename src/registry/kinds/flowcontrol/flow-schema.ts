import {
  dnsLabel,
  dnsSubdomain,
  forbidden,
  invalid,
  required,
  type FieldError,
  type FlowcontrolV1Subject,
  type FlowSchema,
  type NonResourcePolicyRule,
  type PolicyRulesWithSubjects,
  type ResourcePolicyRule,
} from "#objects";
import { each, oneOf, present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const MAX_PRECEDENCE = 10_000;
const DEFAULT_PRECEDENCE = 1000;
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

const hasWildcard = (values: readonly string[], wildcard = "*"): boolean => values.includes(wildcard);

function aloneErrors(field: string, values: readonly string[], what: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  return values.length > 1 && hasWildcard(values)
    ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

function verbErrors(field: string, verbs: readonly string[] = []): FieldError[] {
  const errors = aloneErrors(field, verbs, "verbs");
  const unknown = verbs.filter((verb) => verb !== "*" && !VERBS.includes(verb));
  return [...errors, ...unknown.flatMap((verb) => oneOf(field, verb, VERBS))];
}

function subjectErrors(field: string, { kind, user, group, serviceAccount }: FlowcontrolV1Subject): FieldError[] {
  const given: Readonly<Record<string, { readonly name?: string; readonly namespace?: string } | undefined>> = {
    User: user,
    Group: group,
    ServiceAccount: serviceAccount,
  };
  const errors = oneOf(`${field}.kind`, kind, Object.keys(given));
  for (const [name, subject] of Object.entries(given)) {
    const path = `${field}.${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (name !== kind) {
      if (subject)
        errors.push(forbidden(path, `${path.slice(field.length + 1)} is forbidden when subject kind is not '${name}'`));
      continue;
    }
    const needed = `${path.slice(field.length + 1)} is required when subject kind is '${name}'`;
    if (!subject) errors.push(required(path, needed));
    else if (!subject.name) errors.push(required(`${path}.name`));
    else if (name === "ServiceAccount" && subject.name !== "*") {
      errors.push(...each(`${path}.name`, subject.name, dnsSubdomain(subject.name)));
    }
    if (subject && name === "ServiceAccount") {
      errors.push(...present(`${path}.namespace`, subject.namespace, dnsLabel));
    }
  }
  return errors;
}

function resourceRuleErrors(field: string, rule: ResourcePolicyRule): FieldError[] {
  const { verbs, apiGroups = [], resources = [], namespaces = [], clusterScope = false } = rule;
  const errors = [
    ...verbErrors(`${field}.verbs`, verbs),
    ...aloneErrors(`${field}.apiGroups`, apiGroups, "api groups"),
    ...aloneErrors(`${field}.resources`, resources, "resources"),
  ];
  if (namespaces.length === 0 && !clusterScope) {
    const detail = "resource rules that are not cluster scoped must supply at least one namespace";
    errors.push(required(`${field}.namespaces`, detail));
  } else if (hasWildcard(namespaces) && namespaces.length > 1) {
    errors.push(invalid(`${field}.namespaces`, namespaces, "if '*' is present, must not specify other namespaces"));
  } else {
    for (const [i, namespace] of namespaces.entries()) {
      if (namespace !== "*") errors.push(...each(`${field}.namespaces[${i}]`, namespace, dnsLabel(namespace)));
    }
  }
  return errors;
}

function urlRuleErrors(field: string, { verbs, nonResourceURLs = [] }: NonResourcePolicyRule): FieldError[] {
  const path = `${field}.nonResourceURLs`;
  const errors = verbErrors(`${field}.verbs`, verbs);
  if (nonResourceURLs.length === 0) return [...errors, required(path)];
  if (hasWildcard(nonResourceURLs)) return [...errors, ...aloneErrors(path, nonResourceURLs, "non-resource URLs")];
  for (const [i, url] of nonResourceURLs.entries()) {
    if (!url.startsWith("/")) errors.push(invalid(`${path}[${i}]`, url, "must start with slash"));
  }
  return errors;
}

function ruleErrors(field: string, rules: PolicyRulesWithSubjects): FieldError[] {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rules;
  const errors = subjects.flatMap((subject, i) => subjectErrors(`${field}.subjects[${i}]`, subject));
  if (subjects.length === 0) errors.push(required(`${field}.subjects`, "subjects must contain at least one value"));
  if (resourceRules.length + nonResourceRules.length === 0) {
    errors.push(required(field, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  return [
    ...errors,
    ...resourceRules.flatMap((rule, i) => resourceRuleErrors(`${field}.resourceRules[${i}]`, rule)),
    ...nonResourceRules.flatMap((rule, i) => urlRuleErrors(`${field}.nonResourceRules[${i}]`, rule)),
  ];
}

function validate({ metadata, spec }: FlowSchema): FieldError[] {
  const precedence = spec?.matchingPrecedence ?? 0;
  const field = "spec.matchingPrecedence";
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(invalid(field, precedence, "must be a positive value"));
  if (precedence > MAX_PRECEDENCE) {
    errors.push(invalid(field, precedence, `must not be greater than ${MAX_PRECEDENCE}`));
  }
  if (precedence === 1 && metadata.name !== "exempt") {
    errors.push(invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  const method = spec?.distinguisherMethod;
  if (method) errors.push(...oneOf("spec.distinguisherMethod.type", method.type, ["ByNamespace", "ByUser"]));
  const level = spec?.priorityLevelConfiguration?.name;
  errors.push(...present("spec.priorityLevelConfiguration.name", level, dnsSubdomain));
  return [...errors, ...(spec?.rules ?? []).flatMap((rules, i) => ruleErrors(`spec.rules[${i}]`, rules))];
}

export const flowSchemas = define<FlowSchema>({
  group: "flowcontrol.apiserver.k8s.io",
  resource: "flowschemas",
  singular: "flowschema",
  kind: "FlowSchema",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("flowcontrol", "v1", "FlowSchema")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  hasGeneration: true,
  applyDefaults(draft) {
    if (draft.spec) draft.spec.matchingPrecedence ||= DEFAULT_PRECEDENCE;
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  columns: [
    text("PriorityLevel", ({ spec }) => spec?.priorityLevelConfiguration.name ?? ""),
    text("MatchingPrecedence", ({ spec }) => spec?.matchingPrecedence ?? 0),
    text("DistinguisherMethod", ({ spec }) => spec?.distinguisherMethod?.type ?? "<none>"),
    AGE,
    text("MissingPL", ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?"),
  ],
});
