import { pathSegmentName, type ClusterRoleBinding } from "#objects";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import {
  applyBindingDefaults,
  bindingErrors,
  GROUP,
  groups,
  roleRefErrors,
  roleText,
  serviceAccounts,
  users,
} from "./rules.ts";

export const clusterRoleBindings = define<ClusterRoleBinding>({
  group: GROUP,
  resource: "clusterrolebindings",
  singular: "clusterrolebinding",
  kind: "ClusterRoleBinding",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("rbac", "v1", "ClusterRoleBinding")],
  nameErrors: pathSegmentName,
  createsOnUpdate: true,
  applyDefaults: applyBindingDefaults,
  validate: (binding) => bindingErrors(binding, false),
  validateUpdate: roleRefErrors,
  columns: [
    text("Role", roleText),
    AGE,
    wide("Users", users),
    wide("Groups", groups),
    wide("ServiceAccounts", serviceAccounts),
  ],
});
