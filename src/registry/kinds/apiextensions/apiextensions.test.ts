import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kind } from "../testing/kind.ts";
import { CONTEXT, body, cells, created, wrong, wrongChange } from "../testing/try-kind.ts";

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
    assert.deepEqual(status, { acceptedNames: { kind: "", plural: "" }, storedVersions: ["v1"] });
    assert.deepEqual(wrong(crds, crd()), []);
  });

  test("a definition's group, scope, name and schemas are checked in upstream's words", () => {
    const bare = { name: "v2", served: true, storage: true };
    const loose = { ...version, name: "v3", storage: false, schema: { openAPIV3Schema: { properties: { a: {} } } } };
    const errors = wrong(crds, crd({ group: "example", scope: "Galaxy", versions: [bare, loose] }));
    assert.deepEqual(errors, [
      'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
      "spec.versions[0].schema.openAPIV3Schema: Required value",
      "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
      "spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
    ]);
  });

  /** What is wrong with the schema of a kind of one version, below its path. */
  const wrongSchema = (spec: object, more: object = {}) =>
    wrong(
      crds,
      crd({
        versions: [{ ...version, schema: { openAPIV3Schema: { type: "object", properties: { spec }, ...more } } }],
      }),
    ).map((text) => text.replace(/^spec\.validation\.openAPIV3Schema\.properties\[spec\]/, "…"));

  test("additionalProperties beside properties may be true, and nothing else", () => {
    const properties = { a: { type: "string" } };
    assert.deepEqual(wrongSchema({ type: "object", properties, additionalProperties: true }), []);
    const exclusive = "….additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive";
    assert.deepEqual(wrongSchema({ type: "object", properties, additionalProperties: false }), [exclusive]);
    const strings = { type: "string" };
    assert.deepEqual(wrongSchema({ type: "object", properties, additionalProperties: strings }), [exclusive]);
    assert.deepEqual(wrongSchema({ type: "object", additionalProperties: strings }), []);
    assert.deepEqual(wrongSchema({ type: "object" }, { additionalProperties: true }), [
      "spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root",
    ]);
  });

  test("what all versions say alike is named as said once", () => {
    const bad = { ...version, schema: { openAPIV3Schema: { type: "array" } } };
    const errors = [
      "spec.validation.openAPIV3Schema.items: Required value: must be specified",
      'spec.validation.openAPIV3Schema.type: Invalid value: "array": must be object at the root',
    ];
    assert.deepEqual(wrong(crds, crd({ versions: [bad] })), errors);
    assert.deepEqual(wrong(crds, crd({ versions: [bad, { ...bad, name: "v2", storage: false }] })), errors);
    const other = { ...version, name: "v2", storage: false };
    assert.deepEqual(
      wrong(crds, crd({ versions: [bad, other] })),
      errors.map((text) => text.replace("spec.validation", "spec.versions[0].schema")),
    );
    const scaled = { ...version, subresources: { scale: { specReplicasPath: ".spec.n", statusReplicasPath: "" } } };
    assert.deepEqual(wrong(crds, crd({ versions: [scaled] })), [
      "spec.subresources.scale.statusReplicasPath: Required value",
    ]);
  });

  test("junctors of a schema may only restrict values, at places that the schema has", () => {
    const properties = { a: { type: "string" } };
    const anyOf = [
      { properties: { a: { type: "string", minLength: 1 }, b: { minLength: 1 } } },
      { description: "d", additionalProperties: true },
    ];
    assert.deepEqual(wrongSchema({ type: "object", properties, anyOf }), [
      "….anyOf[0].properties[a].type: Forbidden: must be empty to be structural",
      "….anyOf[1].additionalProperties: Forbidden: must be undefined to be structural",
      "….anyOf[1].description: Forbidden: must be empty to be structural",
    ]);
    // Upstream looks only at the junctors of the root for this.
    assert.deepEqual(wrongSchema({ type: "object" }, { anyOf: [{ required: ["x"], properties: { x: {} } }] }), [
      "spec.validation.openAPIV3Schema.properties[x]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[x]",
    ]);
    const intOrString = { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] };
    assert.deepEqual(wrongSchema(intOrString), []);
    assert.deepEqual(wrongSchema({ ...intOrString, "x-kubernetes-preserve-unknown-fields": true }), [
      "….x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
    ]);
  });

  test("metadata at the root is restricted by names only", () => {
    const root = (metadata: object) =>
      wrong(
        crds,
        crd({
          versions: [{ ...version, schema: { openAPIV3Schema: { type: "object", properties: { metadata } } } }],
        }),
      );
    assert.deepEqual(root({ type: "object", properties: { name: { type: "string", maxLength: 5 } } }), []);
    const at = "spec.validation.openAPIV3Schema.properties[metadata]";
    assert.deepEqual(root({ type: "object", properties: { labels: { type: "object" } } }), [
      `${at}: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
    assert.deepEqual(root({ type: "object", properties: { name: { type: "string", default: "x" } } }), [
      `${at}.properties[name].default: Forbidden: must not be set in top-level metadata`,
    ]);
  });

  test("lists of maps have keys that are always there; those of a set are atomic", () => {
    const item = (more: object) => ({ type: "object", properties: { k: { type: "string" } }, ...more });
    const list = (type: string, items: object, more: object = {}) =>
      wrongSchema({ type: "array", "x-kubernetes-list-type": type, items, ...more });
    const keys = { "x-kubernetes-list-map-keys": ["k"] };
    assert.deepEqual(list("map", item({ required: ["k"] }), keys), []);
    assert.deepEqual(list("map", item({}), keys), [
      "….items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
    ]);
    assert.deepEqual(list("map", item({}), { "x-kubernetes-list-map-keys": ["z"] }), [
      '….x-kubernetes-list-map-keys: Invalid value: ["z"]: entries must all be names of item properties',
    ]);
    assert.deepEqual(list("set", item({ nullable: true })), [
      "….items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
      "….items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set",
    ]);
    assert.deepEqual(wrongSchema({ type: "object", "x-kubernetes-list-type": "odd" }), [
      '….type: Invalid value: "object": must be array if x-kubernetes-list-type is specified',
      '….x-kubernetes-list-type: Unsupported value: "odd": supported values: "atomic", "set", "map"',
    ]);
  });

  test("what cannot be read as structural is named by itself", () => {
    assert.deepEqual(wrongSchema({ type: "null", $ref: "#/x", items: [{ type: "string" }] }), [
      '….type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"',
      "….$ref: Forbidden: $ref is not supported",
      "….type: Forbidden: type cannot be set to null, use nullable as an alternative",
      "….items: Forbidden: items must be a schema object and not an array",
    ]);
  });

  test("an unknown format is warned of when an update brings it, and not again", () => {
    const formatted = (format: string) =>
      created(
        crds,
        crd({
          versions: [
            {
              ...version,
              schema: { openAPIV3Schema: { type: "object", properties: { a: { type: "string", format } } } },
            },
          ],
        }),
      );
    assert.deepEqual(crds.warnings?.(formatted("odd"), undefined), ['unrecognized format "odd"']);
    assert.deepEqual(crds.warnings?.(formatted("odd"), formatted("odd")), []);
    assert.deepEqual(crds.warnings?.(formatted("date-time"), undefined), []);
  });

  test("a schema may have integers beyond 2^53", () => {
    const a = { type: "integer", default: 9007199254740993n, enum: [9007199254740993n] };
    const openAPIV3Schema = { type: "object", maxProperties: 9223372036854775807n, properties: { a } };
    const made = created(crds, crd({ versions: [{ ...version, schema: { openAPIV3Schema } }] }));
    assert.deepEqual(crds.warnings?.(made, undefined), []);
  });

  test("a group of the Kubernetes community needs its approval", () => {
    const community = (annotations?: object) => ({
      ...crd({ group: "storage.k8s.io" }),
      metadata: { name: "widgets.storage.k8s.io", ...(annotations ? { annotations } : {}) },
    });
    const errors = (object: object) =>
      crds.validateCreate?.(created(crds, object), CONTEXT).map(({ field, message }) => `${field}: ${message}`);
    assert.deepEqual(errors(community()), [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ]);
    assert.deepEqual(errors(community({ "api-approved.kubernetes.io": "https://example.com/1" })), []);
    assert.deepEqual(errors(community({ "api-approved.kubernetes.io": "unapproved, an experiment" })), []);
    assert.deepEqual(errors(crd()), []);
  });

  test("the group and the plural name cannot be changed", () => {
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
