import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaForKind, schemaOf } from "./index.ts";
import type { Field, Schema } from "./model.ts";
import { typeNames } from "./table.ts";

/** The field at a path; `[]` and `{}` step into items and values. */
function fieldAt(name: string, path: string): Field {
  let schema: Schema = schemaOf(name);
  let field: Field | undefined;
  for (const step of path.split(".")) {
    if (schema.type === "list") schema = schema.items;
    if (schema.type === "map") schema = schema.values;
    assert.equal(schema.type, "object");
    field = schema.fields.get(step);
    assert.ok(field, `${name} has no ${path}`);
    schema = field.schema;
  }
  return field!;
}

const POD = "io.k8s.api.core.v1.Pod";

test("a type has its upstream fields, required ones and references", () => {
  const deployment = schemaOf("io.k8s.api.apps.v1.Deployment");
  assert.deepEqual([...deployment.fields.keys()], ["apiVersion", "kind", "metadata", "spec", "status"]);
  const spec = deployment.fields.get("spec")!.schema;
  assert.equal(spec, schemaOf("io.k8s.api.apps.v1.DeploymentSpec"));
  assert.deepEqual(spec.type === "object" && spec.required, ["selector", "template"]);
});

test("list types, merge keys, patch strategies and defaults come from the facts", () => {
  const containers = fieldAt(POD, "spec.containers");
  assert.deepEqual(containers.patchStrategy, ["merge"]);
  assert.equal(containers.patchMergeKey, "name");
  assert.ok(containers.schema.type === "list" && containers.schema.listType === "map");
  assert.deepEqual(containers.schema.mapKeys, ["name"]);
  const ports = fieldAt(POD, "spec.containers.ports");
  assert.ok(ports.schema.type === "list");
  assert.deepEqual(ports.schema.mapKeys, ["containerPort", "protocol"]);
  assert.equal(ports.patchMergeKey, "containerPort");
  assert.equal(fieldAt(POD, "spec.containers.ports.protocol").default, "TCP");
  assert.deepEqual(fieldAt(POD, "spec.volumes").patchStrategy, ["merge", "retainKeys"]);
  assert.deepEqual(fieldAt("io.k8s.api.apps.v1.Deployment", "spec.strategy").patchStrategy, ["retainKeys"]);
  const finalizers = fieldAt(POD, "metadata.finalizers").schema;
  assert.ok(finalizers.type === "list" && finalizers.listType === "set");
});

test("atomic is said by a type, a map or a field", () => {
  const atomic = (name: string, path: string) => {
    const { schema } = fieldAt(name, path);
    return (schema.type === "object" || schema.type === "map") && schema.atomic === true;
  };
  assert.ok(atomic("io.k8s.api.apps.v1.Deployment", "spec.selector"));
  assert.ok(atomic(POD, "spec.nodeSelector"));
  assert.ok(atomic(POD, "spec.containers.env.valueFrom.fieldRef"));
  // The type is atomic, the field says it is not.
  assert.ok(schemaOf("io.k8s.api.core.v1.ObjectReference").atomic);
  assert.ok(!atomic("io.k8s.api.core.v1.PersistentVolume", "spec.claimRef"));
  assert.ok(!schemaOf("io.k8s.api.core.v1.PodSpec").atomic);
  assert.ok(!atomic(POD, "spec"));
});

test("the special types are scalars or anything", () => {
  const scalarAt = (name: string, path: string) => {
    const { schema } = fieldAt(name, path);
    const inner = schema.type === "map" ? schema.values : schema;
    return inner.type === "scalar" ? inner.scalar : inner.type;
  };
  assert.equal(scalarAt(POD, "spec.containers.resources.limits"), "quantity");
  assert.equal(scalarAt(POD, "spec.containers.livenessProbe.httpGet.port"), "int-or-string");
  assert.equal(scalarAt(POD, "metadata.creationTimestamp"), "time");
  assert.equal(scalarAt("io.k8s.api.coordination.v1.Lease", "spec.renewTime"), "micro-time");
  assert.equal(scalarAt("io.k8s.api.core.v1.Secret", "data"), "bytes");
  assert.equal(scalarAt("io.k8s.api.apps.v1.ControllerRevision", "data"), "any");
  assert.equal(scalarAt(POD, "metadata.managedFields.fieldsV1"), "any");
  assert.equal(scalarAt(POD, "spec.priority"), "int32");
  assert.equal(scalarAt(POD, "metadata.generation"), "int64");
});

test("kinds are found by group, version and kind, those of every group too", () => {
  assert.equal(schemaForKind("apps", "v1", "Deployment"), schemaOf("io.k8s.api.apps.v1.Deployment"));
  assert.equal(schemaForKind("", "v1", "PodList"), schemaOf("io.k8s.api.core.v1.PodList"));
  assert.equal(
    schemaForKind("apps", "v1", "DeleteOptions"),
    schemaOf("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"),
  );
  for (const name of ["Nope", "__proto__", "constructor"]) assert.equal(schemaForKind("apps", "v1", name), undefined);
  assert.throws(() => schemaOf("io.k8s.api.apps.v1.Nope"));
});

test("every type's fields resolve", () => {
  let fields = 0;
  for (const name of typeNames()) {
    let schema: Schema;
    try {
      schema = schemaOf(name);
    } catch {
      continue;
    }
    for (const field of schema.fields.values()) {
      assert.ok(field.schema.type);
      fields++;
    }
  }
  assert.ok(fields > 3000);
});
