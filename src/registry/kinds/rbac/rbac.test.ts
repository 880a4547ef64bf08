import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceDefinition } from "../../definition.ts";
import { kind } from "../testing/kind.ts";
import { body, cells, wrong, wrongChange } from "../testing/try-kind.ts";

const names = (definition: ResourceDefinition, name: string) => definition.nameErrors?.(name, false) ?? [];

describe("rbac.authorization.k8s.io", () => {
  const roleRef = { kind: "Role", name: "r" };

  test("names may have colons and no slashes", () => {
    assert.deepEqual(names(kind("Role"), "system:a:b"), []);
    assert.deepEqual(names(kind("Role"), "a/b"), ["may not contain '/'"]);
  });

  test("a Role's rules are checked in upstream's words", () => {
    const rules = [
      { verbs: [], nonResourceURLs: ["/healthz"] },
      { verbs: ["get"], resources: ["pods"] },
    ];
    assert.deepEqual(wrong(kind("Role"), { rules }), [
      "rules[0].verbs: Required value: verbs must contain at least one value",
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
      "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
    ]);
  });

  test("bindings are defaulted and validated, their roleRef is immutable", () => {
    const bindings = kind("RoleBinding");
    const subjects = [
      { kind: "User", name: "u" },
      { kind: "ServiceAccount", name: "s", namespace: "n" },
    ];
    assert.deepEqual(body(bindings, { roleRef, subjects }), {
      roleRef: { ...roleRef, apiGroup: "rbac.authorization.k8s.io" },
      subjects: [{ kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" }, subjects[1]],
    });
    assert.deepEqual(wrong(kind("ClusterRoleBinding"), { roleRef, subjects: [{ kind: "Robot" }] }), [
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      "subjects[0].name: Required value",
      'subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
    ]);
    assert.deepEqual(wrongChange(bindings, { roleRef }, { roleRef: { ...roleRef, name: "s" } }), [
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"s"}: cannot change roleRef',
    ]);
    assert.deepEqual(cells(bindings, { roleRef, subjects }), {
      Role: "Role/r",
      Users: "u",
      Groups: "",
      ServiceAccounts: "n/s",
    });
  });
});
