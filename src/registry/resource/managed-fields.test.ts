import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf, type AnyDraft } from "#objects";
import type { ResourceDefinition } from "../definition.ts";
import { createRegistryWorld, setting, USER } from "../testing/world.ts";

const CONFIG_MAPS: ResourceDefinition = {
  group: "",
  resource: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  namespaced: true,
  storageVersion: "v1",
  versions: [{ version: "v1", schema: schemaOf("io.k8s.api.core.v1.ConfigMap") }],
  requiresResourceVersionOnUpdate: false,
};
const A = { namespace: "default", name: "a" };
const configMap = (data: Record<string, string>) =>
  ({ metadata: { namespace: "default", name: "a" }, data }) as unknown as AnyDraft;

test("the manager that sets a field is recorded, in the version of the request", async () => {
  await using f = await createRegistryWorld({ definitions: [CONFIG_MAPS] });
  const maps = f.registry.resource("", "configmaps")!;
  await maps.create(configMap({ a: "1", b: "1" }), { ...USER, fieldManager: "first" });
  await f.clock.advance(60_000);
  const { object } = await maps.update(A, setting({ data: { a: "1", b: "2" } }), { ...USER, fieldManager: "second" });
  assert.deepEqual(
    object.object.metadata.managedFields?.map(({ manager, operation, apiVersion, fieldsV1 }) => [
      manager,
      operation,
      apiVersion,
      fieldsV1,
    ]),
    [
      ["first", "Update", "v1", { "f:data": { ".": {}, "f:a": {} } }],
      ["second", "Update", "v1", { "f:data": { "f:b": {} } }],
    ],
  );
});

test("writing the same again later is no change, though the time is another", async () => {
  await using f = await createRegistryWorld({ definitions: [CONFIG_MAPS] });
  const maps = f.registry.resource("", "configmaps")!;
  const created = await maps.create(configMap({ a: "1" }), { ...USER, fieldManager: "first" });
  await f.clock.advance(60_000);
  const again = await maps.update(A, setting({ data: { a: "1" } }), { ...USER, fieldManager: "first" });
  assert.equal(again.object, created);
});

test("what apply made of them is kept as it is", async () => {
  await using f = await createRegistryWorld({ definitions: [CONFIG_MAPS] });
  const maps = f.registry.resource("", "configmaps")!;
  const entries = [
    {
      manager: "m",
      operation: "Apply",
      apiVersion: "v1",
      time: "2026-01-01T00:00:00Z",
      fieldsType: "FieldsV1",
      fieldsV1: {},
    },
  ];
  const { object, created } = await maps.update(
    A,
    () => {
      const draft = configMap({ a: "1" });
      draft.metadata.managedFields = structuredClone(entries) as typeof draft.metadata.managedFields;
      return draft;
    },
    { ...USER, keepsManagedFields: true, allowCreate: true, fieldManager: "m" },
  );
  assert.equal(created, true);
  assert.deepEqual(object.object.metadata.managedFields, entries);
});
