import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadSchemaTexts, type SchemaTexts } from "#objects";
import {
  finish,
  jsonSteps,
  openApiHash,
  openApiV2,
  openApiV3,
  openApiV3Discovery,
  openApiV3Index,
  type OpenApiResource,
} from "./index.ts";

const ALL = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const DEPLOYMENTS: readonly OpenApiResource[] = [
  { name: "deployments", kind: "Deployment", namespaced: true, verbs: ALL },
  { name: "deployments/status", kind: "Deployment", namespaced: true, verbs: ["get", "patch", "update"] },
  {
    name: "deployments/scale",
    kind: "Scale",
    namespaced: true,
    verbs: ["get", "patch", "update"],
    group: "autoscaling",
    version: "v1",
  },
];
const PODS: readonly OpenApiResource[] = [
  { name: "pods", kind: "Pod", namespaced: true, verbs: ALL },
  { name: "pods/proxy", kind: "PodProxyOptions", namespaced: true, verbs: ["create", "get"] },
];
const APPS = { group: "apps", version: "v1" };

type Tree = { readonly [key: string]: Tree };

let texts: SchemaTexts;
before(async () => {
  texts = await loadSchemaTexts();
});

/** Every `$ref` in a document. */
function references(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") found.add(inner);
    else references(inner, found);
  }
  return found;
}

const at = (document: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Tree)[key], document);

test("a v3 document has the schemas that it refers to, and no others but what they refer to", () => {
  const document = openApiV3(APPS, DEPLOYMENTS, { texts });
  const schemas = at(document, "components", "schemas") as Tree;
  const referred = references(document);
  for (const name of Object.keys(schemas)) assert.ok(referred.has(`#/components/schemas/${name}`), name);
  for (const reference of referred) assert.ok(schemas[reference.replace("#/components/schemas/", "")], reference);
  assert.ok(schemas["io.k8s.api.autoscaling.v1.Scale"]);
});

test("what kubectl looks for is where it looks: merge keys, kinds, fieldValidation", () => {
  const document = openApiV3(APPS, DEPLOYMENTS, { texts });
  const podSpec = at(document, "components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties");
  assert.equal(at(podSpec, "containers", "x-kubernetes-patch-merge-key"), "name");
  assert.equal(at(podSpec, "volumes", "x-kubernetes-patch-strategy"), "merge,retainKeys");
  assert.deepEqual(
    at(document, "components", "schemas", "io.k8s.api.apps.v1.Deployment", "x-kubernetes-group-version-kind"),
    [{ group: "apps", version: "v1", kind: "Deployment" }],
  );
  const patch = at(document, "paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch");
  const parameters: unknown = at(patch, "parameters");
  assert.ok(Array.isArray(parameters) && parameters.some((parameter) => at(parameter, "name") === "fieldValidation"));
  assert.deepEqual(at(patch, "x-kubernetes-group-version-kind"), { group: "apps", version: "v1", kind: "Deployment" });
});

test("fields have texts, and those that refer to a type too", () => {
  const spec = at(
    openApiV3(APPS, DEPLOYMENTS, { texts }),
    "components",
    "schemas",
    "io.k8s.api.apps.v1.DeploymentSpec",
  );
  for (const [name, field] of Object.entries(at(spec, "properties") as Tree)) assert.ok(field["description"], name);
});

test("a custom kind brings its own schema and takes no strategic merge patches", () => {
  const group = { group: "example.com", version: "v1" };
  const schemas = new Map([
    ["example.com/v1/Thing", { name: "com.example.v1.Thing", schema: { type: "object" } }],
    ["example.com/v1/ThingList", { name: "com.example.v1.ThingList", schema: { type: "object" } }],
  ]);
  const things = [{ name: "things", kind: "Thing", namespaced: false, verbs: ALL }];
  const document = openApiV3(group, things, { texts, schemas });
  assert.deepEqual(at(document, "components", "schemas", "com.example.v1.Thing"), { type: "object" });
  const item = at(document, "paths", "/apis/example.com/v1/things/{name}");
  const response = at(item, "get", "responses", "200", "content", "application/json", "schema", "$ref");
  assert.equal(response, "#/components/schemas/com.example.v1.Thing");
  const content = at(item, "patch", "requestBody", "content") as Tree;
  assert.ok(content["application/merge-patch+json"]);
  assert.equal(content["application/strategic-merge-patch+json"], undefined);
});

test("v2 has everything in one document: plain references, no defaults, unique operations", () => {
  const served = [
    { groupVersion: { group: "", version: "v1" }, resources: PODS },
    { groupVersion: APPS, resources: DEPLOYMENTS },
  ];
  const document = openApiV2(served, "v1.36.0", { texts });
  const definitions = at(document, "definitions") as Tree;
  for (const reference of references(document))
    assert.ok(definitions[reference.replace("#/definitions/", "")], reference);
  const text = JSON.stringify(document);
  assert.equal(new TextDecoder().decode(finish(jsonSteps(document))), text);
  assert.doesNotMatch(text, /"(?:allOf|oneOf|default)":|#\/components\//);
  assert.deepEqual(at(definitions, "io.k8s.apimachinery.pkg.api.resource.Quantity", "type"), "string");
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.includes("connectCoreV1GetNamespacedPodProxyWithPath"));
  const create = at(document, "paths", "/apis/apps/v1/namespaces/{namespace}/deployments", "post");
  const parameters: unknown = at(create, "parameters");
  assert.ok(Array.isArray(parameters));
  assert.deepEqual(parameters.at(-1), {
    in: "body",
    name: "body",
    required: true,
    schema: { $ref: "#/definitions/io.k8s.api.apps.v1.Deployment" },
  });
});

test("the index names each document with a hash that changes with its resources", () => {
  const hash = openApiHash(DEPLOYMENTS);
  assert.match(hash, /^[0-9A-F]{48}$/);
  assert.equal(openApiHash([...DEPLOYMENTS]), hash);
  assert.notEqual(openApiHash(DEPLOYMENTS.slice(1)), hash);
  assert.deepEqual(
    openApiV3Index(
      new Map([
        ["apis/apps/v1", "B"],
        ["api/v1", "A"],
      ]),
    ),
    {
      paths: {
        "api/v1": { serverRelativeURL: "/openapi/v3/api/v1?hash=A" },
        "apis/apps/v1": { serverRelativeURL: "/openapi/v3/apis/apps/v1?hash=B" },
      },
    },
  );
});

test("groups have documents of their own", () => {
  const document = openApiV3Discovery("apis/apps", ["", "apps"], { texts });
  assert.deepEqual(Object.keys(at(document, "paths") as Tree), ["/apis/apps/"]);
  assert.equal(openApiV3Discovery("apis/nope", ["", "apps"], { texts }), undefined);
});
