import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { loadSchemaTexts, type SchemaTexts } from "#objects";
import { openApiV3Discovery } from "./discovery.ts";
import type { GroupVersion, OpenApiResource } from "./input.ts";
import { openApiV3 } from "./v3.ts";

// Compares the documents with those that upstream 1.36 serves, made of the resources that its discovery lists.
// On purpose different:
//   - texts: those of types and fields are client-node's, which lacks the texts of fields that refer to a type;
//     those of operations and parameters are ours
//   - media types: what Knarr serves (no CBOR, protobuf where it is configured)
//   - parameters of features that Knarr does not have
const NOT_SERVED = new Set(["shardSelector", "ignoreStoreReadErrorWithClusterBreakingPotential"]);
//   - documents: log files of the master, and the keys of service accounts, which are not the API's
const OTHER_DOCUMENTS = new Set(["logs", ".well-known/openid-configuration", "openid/v1/jwks"]);

const folder = process.env["KNARR_UPSTREAM"] ?? join(import.meta.dirname, "../../../../shared/upstream");
const skip = existsSync(join(folder, "openapi-v3")) ? false : `no upstream facts in ${folder}`;

type Value = Readonly<Record<string, unknown>>;

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Value>>;
  readonly components: { readonly schemas?: Readonly<Record<string, Value>> };
}

const read = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8")) as unknown;

/** `apis/apps/v1` of apis__apps__v1.json */
const documents = skip
  ? []
  : readdirSync(join(folder, "openapi-v3")).map((file) => file.replace(".json", "").replaceAll("__", "/"));

const fileOf = (path: string) => `${path.replaceAll("/", "__")}.json`;

function groupVersionOf(path: string): GroupVersion | undefined {
  const [api, first = "", second = ""] = path.split("/");
  if (api === "api" && first !== "") return { group: "", version: first };
  return api === "apis" && second !== "" ? { group: first, version: second } : undefined;
}

const groups = [...new Set(documents.map((path) => groupVersionOf(path)?.group ?? ""))];

let texts: SchemaTexts;
before(async () => {
  texts = await loadSchemaTexts();
});

function made(path: string): Document {
  const groupVersion = groupVersionOf(path);
  const document = groupVersion
    ? openApiV3(groupVersion, (read(`discovery/${fileOf(path)}`) as { resources: OpenApiResource[] }).resources, {
        texts,
      })
    : openApiV3Discovery(path, groups, { texts });
  assert.ok(document, path);
  return JSON.parse(JSON.stringify(document)) as Document;
}

/** Without texts, and required fields in one order. */
function bare(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(bare);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key === "description" && typeof inner === "string") return [];
      if (key === "required" && Array.isArray(inner)) return [[key, inner.map(String).toSorted()]];
      // A reference with only a text beside it is wrapped; without the text it need not be.
      return [[key, unwrapped(bare(inner))]];
    }),
  );
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("allOf" in value) || !Array.isArray(value.allOf)) return value;
  const [only, ...others] = value.allOf as unknown[];
  return Object.keys(value).length === 1 && others.length === 0 ? only : value;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Value }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Value }>>; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Value }>> }>>;
}

const parametersOf = (parameters: Operation["parameters"] = []) =>
  parameters
    .filter(({ name }) => !NOT_SERVED.has(name))
    .map(({ name, in: place, schema }) => `${place} ${name} ${JSON.stringify(schema["type"])}`)
    .toSorted();

const schemasIn = (content: Readonly<Record<string, { schema: Value }>> = {}) => [
  ...new Set(Object.values(content).map(({ schema }) => JSON.stringify(schema))),
];

/** What an operation is, without texts and media types. */
function essence(operation: Operation): unknown {
  const { parameters, requestBody, responses, ...rest } = operation;
  return {
    ...(bare(rest) as Value),
    parameters: parametersOf(parameters),
    body: requestBody && { schemas: schemasIn(requestBody.content), required: requestBody.required ?? false },
    responses: Object.fromEntries(Object.entries(responses).map(([code, { content }]) => [code, schemasIn(content)])),
  };
}

function pathEssence(item: Value): unknown {
  const { parameters, ...operations } = item;
  return {
    parameters: parametersOf(parameters as Operation["parameters"]),
    ...Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, essence(operation as Operation)]),
    ),
  };
}

describe("OpenAPI v3 as upstream serves it", { skip }, () => {
  for (const path of documents.filter((each) => !OTHER_DOCUMENTS.has(each))) {
    test(`${path}: paths and operations are upstream's`, () => {
      const upstream = read(`openapi-v3/${fileOf(path)}`) as Document;
      const ours = made(path);
      assert.equal(ours.openapi, upstream.openapi);
      assert.deepEqual(Object.keys(ours.paths), Object.keys(upstream.paths));
      for (const [at, item] of Object.entries(upstream.paths)) {
        assert.deepEqual(pathEssence(ours.paths[at]!), pathEssence(item), at);
      }
    });

    test(`${path}: schemas are upstream's`, () => {
      const upstream = (read(`openapi-v3/${fileOf(path)}`) as Document).components.schemas ?? {};
      const ours = made(path).components.schemas ?? {};
      assert.deepEqual(Object.keys(ours), Object.keys(upstream).toSorted());
      for (const [name, schema] of Object.entries(upstream)) assert.deepEqual(bare(ours[name]), bare(schema), name);
    });
  }

  test("the texts of types and fields are there, but for those that client-node lacks", () => {
    const upstream = (read("openapi-v3/apis__apps__v1.json") as Document).components.schemas ?? {};
    const ours = made("apis/apps/v1").components.schemas ?? {};
    let [present, absent] = [0, 0];
    for (const [name, schema] of Object.entries(upstream)) {
      for (const [field, { description }] of Object.entries((schema["properties"] ?? {}) as Record<string, Value>)) {
        if (typeof description !== "string") continue;
        const properties = (ours[name]!["properties"] ?? {}) as Record<string, Value>;
        if (properties[field]!["description"]) present++;
        else absent++;
      }
    }
    assert.ok(present > 3 * absent, `${present} fields have a text, ${absent} do not`);
  });
});
