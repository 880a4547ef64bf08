import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadSchemaTexts } from "#objects";
import { yamlOf } from "../../render/yaml.ts";
import { finish } from "../steps.ts";
import { openApiV2 } from "../v2.ts";
import type { Json } from "../schemas.ts";
import { protobufSteps } from "./encode.ts";
import { BY_GNOSTIC, DOCUMENT } from "./golden.ts";
import { BackwardWriter } from "./writer.ts";

type Value = bigint | number | Uint8Array;
type Fields = ReadonlyMap<number, readonly Value[]>;

/** The fields of a message by number, in the order of the wire. */
function read(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = new Map<number, Value[]>();
  let at = 0;
  let last = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    assert.ok(number >= last, `field ${number} after ${last}`);
    last = number;
    let value: Value;
    if ((tag & 7) === 0) value = varint();
    else if ((tag & 7) === 1) [value, at] = [view.getFloat64(at, true), at + 8];
    else {
      assert.equal(tag & 7, 2);
      const length = Number(varint());
      assert.ok(at + length <= bytes.length);
      [value, at] = [bytes.subarray(at, at + length), at + length];
    }
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const bytesOf = (value: Value | undefined) => {
  assert.ok(value instanceof Uint8Array);
  return value;
};
const textOf = (value: Value | undefined) => new TextDecoder().decode(bytesOf(value));
const inside = (fields: Fields, number: number) => (fields.get(number) ?? []).map((value) => read(bytesOf(value)));
const texts = (fields: Fields, number: number) => (fields.get(number) ?? []).map(textOf);

const entries = <T>(message: Fields, number: number, of: (value: Fields) => T): Record<string, T> =>
  Object.fromEntries(
    inside(message, number).map((entry) => [textOf(entry.get(1)?.[0]), of(inside(entry, 2)[0] ?? new Map())]),
  );

/** The JSON of a schema with the fields that built-in types have, extensions as YAML. */
function schemaOf(message: Fields): Json {
  const one = (key: string, number: number) => texts(message, number).map((text) => [key, text]);
  const all = (key: string, values: readonly unknown[]) => (values.length > 0 ? [[key, values]] : []);
  return Object.fromEntries([
    ...one("$ref", 1),
    ...one("format", 2),
    ...one("description", 4),
    ...all("required", texts(message, 19)),
    ...inside(message, 21).map((item) => ["additionalProperties", schemaOf(inside(item, 1)[0]!)]),
    ...inside(message, 22).map((item) => ["type", texts(item, 1)[0]]),
    ...inside(message, 23).map((item) => ["items", schemaOf(inside(item, 1)[0]!)]),
    ...inside(message, 25).map((properties) => ["properties", entries(properties, 1, schemaOf)]),
    ...Object.entries(entries(message, 31, (any) => texts(any, 2)[0])),
  ]) as Json;
}

/** A schema with its extensions as YAML. */
function withYaml(schema: Json): Json {
  const change = (key: string, value: unknown): unknown => {
    if (key.startsWith("x-")) return yamlOf(value);
    if (key === "items" || key === "additionalProperties") return withYaml(value as Json);
    if (key !== "properties") return value;
    return Object.fromEntries(Object.entries(value as Json).map(([name, inner]) => [name, withYaml(inner as Json)]));
  };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, change(key, value)]));
}

describe("OpenAPI v2 as protobuf", () => {
  it("is byte for byte what gnostic makes of the same document", () => {
    const bytes = finish(protobufSteps(DOCUMENT, yamlOf));
    assert.equal(Buffer.from(bytes).toString("base64"), BY_GNOSTIC);
  });

  it("has every definition of the JSON document, and every path", async () => {
    const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    const served = [
      {
        groupVersion: { group: "", version: "v1" },
        resources: [{ name: "pods", kind: "Pod", namespaced: true, verbs }],
      },
      {
        groupVersion: { group: "flowcontrol.apiserver.k8s.io", version: "v1" },
        resources: [{ name: "flowschemas", kind: "FlowSchema", namespaced: false, verbs }],
      },
    ];
    const document = openApiV2(served, "v1.36.0", { texts: await loadSchemaTexts() });
    const message = read(finish(protobufSteps(document, yamlOf)));
    const definitions = entries(inside(message, 9)[0]!, 1, schemaOf);
    const expected = Object.entries(document["definitions"] as Record<string, Json>);
    assert.ok(expected.length > 100);
    assert.deepEqual(
      Object.keys(definitions),
      expected.map(([name]) => name),
    );
    for (const [name, schema] of expected) assert.deepEqual(definitions[name], withYaml(schema), name);
    const paths = entries(inside(message, 8)[0]!, 2, (path) => path);
    assert.deepEqual(Object.keys(paths), Object.keys(document["paths"] as Json));
    const pod = inside(paths["/api/v1/namespaces/{namespace}/pods/{name}"]!, 2)[0]!;
    assert.deepEqual(texts(pod, 5), ["readCoreV1NamespacedPod"]);
  });

  it("leaves out what the form has no place for", () => {
    const definitions = { A: { type: "object", nullable: true, oneOf: [{}], title: 7, description: undefined } };
    const bytes = finish(protobufSteps({ definitions: { ...definitions, B: undefined } }, yamlOf));
    assert.deepEqual(entries(inside(read(bytes), 9)[0]!, 1, schemaOf), { A: { type: "object" } });
  });
});

describe("the writer", () => {
  it("writes any number, text and length", () => {
    const value = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(value), fc.nat(100_000), (values, padding) => {
        const writer = new BackwardWriter();
        const all = [...values, "é".repeat(padding), "e".repeat(padding)];
        all.toReversed().forEach((each, at) => {
          const number = all.length - at;
          if (typeof each === "string") writer.text(number, each);
          else if (Number.isSafeInteger(each) && !Object.is(each, -0)) writer.integer(number, each);
          else writer.double(number, each);
        });
        const fields = read(writer.take());
        all.forEach((each, at) => {
          const written = fields.get(at + 1)?.[0];
          if (typeof each === "string") assert.equal(textOf(written), new TextDecoder().decode(Buffer.from(each)));
          else assert.ok(Object.is(typeof written === "bigint" ? Number(BigInt.asIntN(64, written)) : written, each));
        });
      }),
      { numRuns: 100 },
    );
  });
});
