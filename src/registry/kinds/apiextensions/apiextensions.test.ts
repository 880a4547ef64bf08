import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kind } from "../testing/kind.ts";
import { body, cells, created, wrong, wrongChange } from "../testing/try-kind.ts";

describe("apiextensions.k8s.io and apiregistration.k8s.io", () => {
  const crds = kind("CustomResourceDefinition");
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object" } } } },
  };
  const crd = (more: object = {}) => ({
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [version],
      ...more,
    },
  });

  test("names and conversion follow from the kind", () => {
    const { spec: made, status } = body(crds, crd()) as { spec: Record<string, unknown>; status: unknown };
    assert.deepEqual(made["names"], { plural: "widgets", kind: "Widget", singular: "widget", listKind: "WidgetList" });
    assert.deepEqual(made["conversion"], { strategy: "None" });
    assert.deepEqual(status, { storedVersions: ["v1"] });
    assert.deepEqual(wrong(crds, crd()), []);
  });

  test("what is wrong", () => {
    const bare = { name: "v2", served: true, storage: true };
    const loose = { ...version, name: "v3", storage: false, schema: { openAPIV3Schema: { properties: { a: {} } } } };
    const errors = wrong(crds, crd({ group: "example", scope: "Galaxy", versions: [bare, loose] }));
    assert.deepEqual(errors, [
      'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
      "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required",
      "spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
      "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
    ]);
  });

  test("the group and plural stay", () => {
    const names = { plural: "gadgets", kind: "Widget" };
    assert.deepEqual(wrongChange(crds, crd(), crd({ group: "b.c", names })), [
      'spec.group: Invalid value: "b.c": field is immutable',
      'spec.names.plural: Invalid value: "gadgets": field is immutable',
    ]);
  });

  test("a local APIService is available at once", () => {
    const services = kind("APIService");
    const local = {
      metadata: { name: "v1.example.com" },
      spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15 },
    };
    assert.deepEqual(wrong(services, local), []);
    assert.deepEqual(cells(services, created(services, local)), { Service: "Local", Available: "True" });
    const remote = { ...local, spec: { ...local.spec, service: { namespace: "n", name: "s" } } };
    assert.deepEqual(cells(services, created(services, remote)), { Service: "n/s", Available: "Unknown" });
  });
});
