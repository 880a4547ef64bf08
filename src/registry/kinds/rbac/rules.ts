import {
  dnsSubdomain,
  invalid,
  notSupported,
  pathSegmentName,
  required,
  sameJson,
  type Draft,
  type FieldError,
  type KubeObject,
  type PolicyRule,
  type RbacV1Subject,
  type RoleRef,
} from "#objects";
import { each, oneOf, present } from "../common/checks.ts";

export const GROUP = "rbac.authorization.k8s.io";

export interface Binding extends KubeObject {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly RbacV1Subject[];
}

/** What a rule must say; one of a Role cannot speak of URLs. */
export function ruleErrors(field: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const errors = verbs.length === 0 ? [required(`${field}.verbs`, "verbs must contain at least one value")] : [];
  if (nonResourceURLs.length > 0) {
    const urls = (detail: string) => invalid(`${field}.nonResourceURLs`, nonResourceURLs, detail);
    if (namespaced) errors.push(urls("namespaced rules cannot apply to non-resource URLs"));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      errors.push(urls("rules cannot apply to both regular resources and non-resource URLs"));
    }
    return errors;
  }
  if (apiGroups.length === 0) {
    errors.push(required(`${field}.apiGroups`, "resource rules must supply at least one api group"));
  }
  if (resources.length === 0) {
    errors.push(required(`${field}.resources`, "resource rules must supply at least one resource"));
  }
  return errors;
}

export function applyBindingDefaults(draft: Draft<Binding>): void {
  if (draft.roleRef) draft.roleRef.apiGroup ||= GROUP;
  for (const subject of draft.subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= GROUP;
  }
}

function subjectErrors(field: string, subject: RbacV1Subject, namespaced: boolean): FieldError[] {
  const { kind, name, namespace, apiGroup = "" } = subject;
  const errors = name ? [] : [required(`${field}.name`)];
  switch (kind) {
    case "ServiceAccount":
      if (name) errors.push(...each(`${field}.name`, name, dnsSubdomain(name)));
      if (apiGroup) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [""]));
      if (!namespaced && !namespace) errors.push(required(`${field}.namespace`));
      return errors;
    case "User":
    case "Group":
      if (!name) errors.push(invalid(`${field}.name`, "", `${kind.toLowerCase()} name cannot be empty`));
      return [...errors, ...oneOf(`${field}.apiGroup`, apiGroup, [GROUP])];
    default:
      return [...errors, notSupported(`${field}.kind`, kind, ["Group", "ServiceAccount", "User"])];
  }
}

export function bindingErrors({ roleRef, subjects = [] }: Binding, namespaced: boolean): FieldError[] {
  const kinds = namespaced ? ["ClusterRole", "Role"] : ["ClusterRole"];
  return [
    ...oneOf("roleRef.apiGroup", roleRef?.apiGroup, [GROUP]),
    ...oneOf("roleRef.kind", roleRef?.kind, kinds),
    ...present("roleRef.name", roleRef?.name, pathSegmentName),
    ...subjects.flatMap((subject, i) => subjectErrors(`subjects[${i}]`, subject, namespaced)),
  ];
}

export const roleRefErrors = (binding: Binding, old: Binding): FieldError[] =>
  sameJson(binding.roleRef, old.roleRef)
    ? []
    : [invalid("roleRef", internalRef(binding.roleRef), "cannot change roleRef")];

/** As upstream prints it: the internal type's fields have no JSON names. */
const internalRef = ({ apiGroup = "", kind, name }: RoleRef) => ({ APIGroup: apiGroup, Kind: kind, Name: name });

const named = (subjects: readonly RbacV1Subject[] = [], kind: string) =>
  subjects.filter((subject) => subject.kind === kind);

export const users = ({ subjects }: Binding): string =>
  named(subjects, "User")
    .map(({ name }) => name)
    .join(", ");

export const groups = ({ subjects }: Binding): string =>
  named(subjects, "Group")
    .map(({ name }) => name)
    .join(", ");

export const serviceAccounts = ({ subjects }: Binding): string =>
  named(subjects, "ServiceAccount")
    .map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : name))
    .join(", ");

export const roleText = ({ roleRef }: Binding): string => `${roleRef.kind}/${roleRef.name}`;
