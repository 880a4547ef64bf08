import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze } from "../object.ts";
import { schemaOf } from "./index.ts";
import { withNulls, withoutNulls } from "./nulls.ts";

const ROLE = schemaOf("io.k8s.api.rbac.v1.Role");
const POD = schemaOf("io.k8s.api.core.v1.Pod");

test("what upstream never leaves out is null where it has no value, at every depth", () => {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "r" } };
  assert.deepEqual(withNulls(role, ROLE), { ...role, rules: null });
  const pod = deepFreeze({
    spec: { containers: [], volumes: [{ name: "a", rbd: { image: "i" } }, { name: "b" }] },
    status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }] },
  });
  const shown = withNulls(pod, POD);
  assert.deepEqual(shown, {
    spec: { containers: [], volumes: [{ name: "a", rbd: { image: "i", monitors: null } }, { name: "b" }] },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", lastProbeTime: null }],
    },
  });
  assert.deepEqual(withoutNulls(shown, POD), pod);
});

test("a value that needs no null is the same value", () => {
  const role = { rules: [{ verbs: ["get"] }] };
  assert.equal(withNulls(role, ROLE), role);
  assert.equal(withoutNulls(role, ROLE), role);
  const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c" }] } };
  assert.equal(withNulls(pod, POD), pod);
});

test("nulls that the type does not have are left alone", () => {
  const role = { rules: [], metadata: { annotations: { a: null } } };
  assert.equal(withoutNulls(role, ROLE), role);
});
