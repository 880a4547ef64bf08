import { pathSegmentName, type RoleBinding } from "#objects";
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

export const roleBindings = define<RoleBinding>({
  group: GROUP,
  resource: "rolebindings",
  singular: "rolebinding",
  kind: "RoleBinding",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("rbac", "v1", "RoleBinding")],
  nameErrors: pathSegmentName,
  createsOnUpdate: true,
  applyDefaults: applyBindingDefaults,
  validate: (binding) => bindingErrors(binding, true),
  validateUpdate: roleRefErrors,
  columns: [
    text("Role", roleText),
    AGE,
    wide("Users", users),
    wide("Groups", groups),
    wide("ServiceAccounts", serviceAccounts),
  ],
});
