import { pathSegmentName, required, validateLabelSelector, type ClusterRole, type FieldError } from "#objects";
import { CREATED_AT } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { GROUP, ruleErrors } from "./rules.ts";

const SELECTORS = "aggregationRule.clusterRoleSelectors";

function aggregationErrors({ aggregationRule }: ClusterRole): FieldError[] {
  if (!aggregationRule) return [];
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    return [required(SELECTORS, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  }
  return selectors.flatMap((selector, i) => validateLabelSelector(selector, `${SELECTORS}[${i}]`));
}

export const clusterRoles = define<ClusterRole>({
  group: GROUP,
  resource: "clusterroles",
  singular: "clusterrole",
  kind: "ClusterRole",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("rbac", "v1", "ClusterRole")],
  nameErrors: pathSegmentName,
  createsOnUpdate: true,
  validate: (role) => [
    ...(role.rules ?? []).flatMap((rule, i) => ruleErrors(`rules[${i}]`, rule, false)),
    ...aggregationErrors(role),
  ],
  columns: [CREATED_AT],
});
