import {
  isStandardQuotaResource,
  invalid,
  required,
  type FieldError,
  type ResourceQuota,
  type ScopedResourceSelectorRequirement,
} from "#objects";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { quantityErrors } from "../common/quantities.ts";
import { quotaResourceNameErrors } from "../common/resource-names.ts";

type Amounts = Readonly<Record<string, string>>;
type Spec = NonNullable<ResourceQuota["spec"]>;

const POD_SCOPES = ["Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];
const VOLUME_SCOPE = "VolumeAttributesClass";
const SCOPES = [...POD_SCOPES, "BestEffort", VOLUME_SCOPE];
const EXISTS_SCOPES = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
const COMPUTE = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const CONFLICTS = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];

function covers(scope: string, resource: string): boolean {
  if (scope === "BestEffort") return resource === "pods";
  if (scope === VOLUME_SCOPE) return ["requests.storage", "persistentvolumeclaims"].includes(resource);
  return !POD_SCOPES.includes(scope) || resource === "pods" || COMPUTE.includes(resource);
}

const amountErrors = (field: string, amounts: Amounts = {}): FieldError[] =>
  Object.entries(amounts).flatMap(([name, amount]) => [
    ...quotaResourceNameErrors(`${field}[${name}]`, name),
    ...quantityErrors(`${field}[${name}]`, name, amount),
  ]);

const conflictErrors = (scopes: readonly string[], shown: unknown): FieldError[] =>
  CONFLICTS.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() =>
    invalid("spec.scopes", shown, "conflicting scopes"),
  );

/** Each resource that a scope has nothing to do with is one more error, as upstream has it. */
const uncovered = (scope: string, { hard = {} }: Spec): string[] =>
  Object.keys(hard)
    .sort()
    .filter((name) => isStandardQuotaResource(name) && !covers(scope, name));

function scopeErrors(spec: Spec): FieldError[] {
  const scopes = spec.scopes ?? [];
  const errors = scopes.flatMap((scope) => [
    ...(SCOPES.includes(scope) ? [] : [invalid("spec.scopes", scopes, "unsupported scope")]),
    ...uncovered(scope, spec).map(() => invalid("spec.scopes", scopes, "unsupported scope applied to resource")),
  ]);
  return [...errors, ...conflictErrors(scopes, scopes)];
}

const EXPRESSIONS = "spec.scopeSelector.matchExpressions";

function requirementErrors({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, spec: Spec) {
  const errors: FieldError[] = [];
  if (!SCOPES.includes(scopeName)) errors.push(invalid(`${EXPRESSIONS}.scopeName`, scopeName, "unsupported scope"));
  for (const _ of uncovered(scopeName, spec)) {
    errors.push(invalid(EXPRESSIONS, spec.scopeSelector, "unsupported scope applied to resource"));
  }
  if (EXISTS_SCOPES.includes(scopeName) && operator !== "Exists") {
    const detail =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(invalid(`${EXPRESSIONS}.operator`, operator, detail));
  }
  if (operator === "In" || operator === "NotIn") {
    const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(`${EXPRESSIONS}.values`, detail));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalid(`${EXPRESSIONS}.values`, values, detail));
  } else errors.push(invalid(`${EXPRESSIONS}.operator`, operator, "not a valid selector operator"));
  return errors;
}

function validate({ spec = {} }: ResourceQuota): FieldError[] {
  const expressions = spec.scopeSelector?.matchExpressions ?? [];
  return [
    ...amountErrors("spec.hard", spec.hard),
    ...scopeErrors(spec),
    ...expressions.flatMap((requirement) => requirementErrors(requirement, spec)),
    ...conflictErrors(
      expressions.map(({ scopeName }) => scopeName),
      spec.scopes ?? null,
    ),
  ];
}

function validateUpdate({ spec = {} }: ResourceQuota, old: ResourceQuota): FieldError[] {
  const set = (scopes: readonly string[] = []) => [...new Set(scopes)].sort().join();
  return set(spec.scopes) === set(old.spec?.scopes)
    ? []
    : [invalid("spec.scopes", spec.scopes ?? null, "field is immutable")];
}

function amounts({ status = {} }: ResourceQuota, limits: boolean): string {
  return Object.keys(status.hard ?? {})
    .sort()
    .filter((name) => name.startsWith("limits.") === limits)
    .map((name) => `${name}: ${status.used?.[name] ?? "0"}/${status.hard?.[name] ?? "0"}`)
    .join(", ");
}

export const resourceQuotas = define<ResourceQuota>({
  group: "",
  resource: "resourcequotas",
  singular: "resourcequota",
  kind: "ResourceQuota",
  shortNames: ["quota"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "ResourceQuota")],
  returnsDeletedObject: true,
  hasStatus: true,
  applyDefaults(draft) {
    draft.spec ??= {};
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  validateUpdate,
  validateStatusUpdate: ({ status = {} }) => [
    ...amountErrors("status.hard", status.hard),
    ...amountErrors("status.used", status.used),
  ],
  columns: [text("Request", (quota) => amounts(quota, false)), text("Limit", (quota) => amounts(quota, true)), AGE],
});
