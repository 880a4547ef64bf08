import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "../schema/index.ts";
import { decodeValue } from "./index.ts";

const decodePod = (spec: object) =>
  (decodeValue({ spec }, schemaOf("io.k8s.api.core.v1.Pod"), "Strict").value as { spec: unknown }).spec;

test("what upstream cannot tell from nothing vanishes", () => {
  assert.deepEqual(
    decodePod({
      containers: [{ name: "c", args: [], env: [], stdin: false, workingDir: "", resources: { limits: {} } }],
      hostNetwork: false,
      nodeSelector: {},
      tolerations: [],
      serviceAccountName: "",
    }),
    { containers: [{ name: "c", resources: {} }] },
  );
});

test("zeros behind pointers, structs and required lists stay", () => {
  const spec = {
    containers: [],
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    securityContext: {},
    volumes: [{ name: "v", emptyDir: {} }],
  };
  assert.deepEqual(decodePod(spec), spec);
  const deployment = decodeValue(
    { spec: { replicas: 0, selector: {}, template: {} } },
    schemaOf("io.k8s.api.apps.v1.Deployment"),
    "Strict",
  );
  assert.deepEqual(deployment.value, { spec: { replicas: 0, selector: {}, template: {} } });
});

test("so do values that the exact decoder has to read", () => {
  const odd = decodeValue(
    { spec: { containers: [], hostNetwork: false, unknown: 1 } },
    schemaOf("io.k8s.api.core.v1.Pod"),
    "Warn",
  );
  assert.deepEqual(odd.value, { spec: { containers: [] } });
  assert.deepEqual(odd.strictErrors, ['unknown field "spec.unknown"']);
});
