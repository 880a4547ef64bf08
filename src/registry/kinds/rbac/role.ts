import { pathSegmentName, type Role } from "#objects";
import { CREATED_AT } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { GROUP, ruleErrors } from "./rules.ts";

export const roles = define<Role>({
  group: GROUP,
  resource: "roles",
  singular: "role",
  kind: "Role",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("rbac", "v1", "Role")],
  nameErrors: pathSegmentName,
  createsOnUpdate: true,
  validate: ({ rules }) => (rules ?? []).flatMap((rule, i) => ruleErrors(`rules[${i}]`, rule, true)),
  columns: [CREATED_AT],
});
