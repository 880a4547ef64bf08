import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { schemaOf } from "../schema/index.ts";
import type { ObjectSchema, Schema } from "../schema/model.ts";
import { StatusError } from "../status-error.ts";
import { decode, type FieldValidation } from "./index.ts";

const SCHEMA = schemaOf("io.k8s.api.core.v1.Pod");
const expected = { group: "", version: "v1", kind: "Pod" };

type MediaType = "application/json" | "application/yaml";

async function attempt(bytes: Uint8Array, mediaType: MediaType, fieldValidation: FieldValidation): Promise<unknown> {
  try {
    const body = { type: "encoded", bytes, mediaType } as const;
    return (await decode({ body, schema: SCHEMA, expected, fieldValidation })).value;
  } catch (error) {
    assert.ok(error instanceof StatusError, String((error as Error).stack));
    assert.equal(error.code, 400);
    return undefined;
  }
}

const validation = fc.constantFrom<FieldValidation>("Strict", "Warn", "Ignore");
const mediaType = fc.constantFrom<MediaType>("application/json", "application/yaml");

/** Values that fit a schema, mostly. */
function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth === 0 || schema.type === "any") return fc.jsonValue({ maxDepth: 2 });
  switch (schema.type) {
    case "list":
      return fc.array(fitting(schema.items, depth - 1), { maxLength: 2 });
    case "map":
      return fc.dictionary(fc.string({ maxLength: 3 }), fitting(schema.values, depth - 1), { maxKeys: 2 });
    case "object":
      return fittingObject(schema, depth);
    case "scalar":
      return fc.oneof(
        {
          weight: 8,
          arbitrary: fc.constantFrom<unknown>("a", "1", 1, true, "100m", "2024-01-01T00:00:00Z", "YWJj", 0.5),
        },
        { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
      );
  }
}

function fittingObject(schema: ObjectSchema, depth: number): fc.Arbitrary<unknown> {
  const names = [...schema.fields.keys()];
  if (names.length === 0) return fc.constant({});
  return fc
    .uniqueArray(fc.constantFrom(...names, "foo", "__proto__", "constructor"), { maxLength: 3 })
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map((name) => {
          const field = schema.fields.get(name);
          return fc.tuple(fc.constant(name), field ? fitting(field.schema, depth - 1) : fc.jsonValue({ maxDepth: 1 }));
        }),
      ),
    )
    .map((entries) => Object.fromEntries(entries) as unknown);
}

const pods = fitting(SCHEMA, 6).map((value) => JSON.stringify(value));

test("whatever bytes come, only a StatusError is thrown", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), mediaType, validation, async (bytes, type, level) => {
      await attempt(bytes, type, level);
    }),
    { numRuns: 300 },
  );
});

const SNIPPETS = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "\\",
  "&a ",
  "*a",
  "<<: ",
  "- ",
  "? ",
  "!!str ",
  "| ",
  "> ",
  "\n",
  "\n  ",
  "\t",
  "#",
  "%",
  "@",
  "~",
  "0x",
  "1e",
  "null",
  "---\n",
  "...\n",
  "\ud800",
  "\u0000",
  "spec",
  "'",
];

test("texts of JSON's and YAML's own parts neither crash nor hang", async () => {
  const texts = fc.array(fc.constantFrom(...SNIPPETS), { maxLength: 40 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(texts, mediaType, validation, async (text, type, level) => {
      await attempt(new TextEncoder().encode(text), type, level);
    }),
    { numRuns: 600 },
  );
});

test("a damaged object is decoded or refused", async () => {
  const damaged = fc
    .tuple(pods, fc.nat(), fc.constantFrom(...SNIPPETS), fc.nat({ max: 3 }))
    .map(([text, at, snippet, cut]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + snippet + text.slice(place + cut);
    });
  await fc.assert(
    fc.asyncProperty(damaged, mediaType, validation, async (text, type, level) => {
      await attempt(new TextEncoder().encode(text), type, level);
    }),
    { numRuns: 400 },
  );
});

test("what was decoded once is decoded again without change or complaint", async () => {
  let decoded = 0;
  await fc.assert(
    fc.asyncProperty(pods, async (text) => {
      const once = await attempt(new TextEncoder().encode(text), "application/json", "Warn");
      if (once === undefined) return;
      decoded++;
      const again = await attempt(new TextEncoder().encode(JSON.stringify(once)), "application/json", "Strict");
      assert.deepEqual(again, once);
      const fromYaml = await attempt(new TextEncoder().encode(JSON.stringify(once)), "application/yaml", "Strict");
      assert.equal(JSON.stringify(sorted(fromYaml)), JSON.stringify(sorted(once)));
    }),
    { numRuns: 400 },
  );
  assert.ok(decoded > 20, `only ${decoded} were decoded`);
});

test("under Strict is refused exactly what is warned of", async () => {
  await fc.assert(
    fc.asyncProperty(pods, async (text) => {
      const bytes = new TextEncoder().encode(text);
      const body = { type: "encoded", bytes, mediaType: "application/json" } as const;
      if ((await attempt(bytes, "application/json", "Ignore")) === undefined) return;
      const { warnings } = await decode({ body, schema: SCHEMA, expected, fieldValidation: "Warn" });
      const strict = await attempt(bytes, "application/json", "Strict");
      assert.equal(strict === undefined, warnings.length > 0);
    }),
    { numRuns: 300 },
  );
});

test("large hostile bodies are answered in time that grows with their size", { timeout: 60_000 }, async () => {
  const size = 20_000;
  const bombs = [
    "[".repeat(size),
    '{"a":'.repeat(size / 5),
    "- ".repeat(size),
    "a: ".repeat(size),
    "? ".repeat(size),
    `"${"\\n".repeat(size)}"`,
    `{${"a: b, ".repeat(size / 6)}}`,
    "[]".repeat(size / 2),
    `- &a b\n${"- *a\n".repeat(size / 5)}`,
    `{"metadata":{"labels":{${'"a":"b",'.repeat(size / 8)}"c":"d"}}}`,
    `{"spec":{"containers":[${'{"x":1},'.repeat(size / 8)}{}]}}`,
    `"${"9".repeat(size)}"`,
    "9".repeat(size),
    `{"spec":{"overhead":{"a":${"9".repeat(size)}}}}`,
    `{"spec":{"overhead":{"a":"1e${"9".repeat(size)}"}}}`,
  ];
  for (const bomb of bombs) {
    for (const type of ["application/json", "application/yaml"] as const) {
      await attempt(new TextEncoder().encode(bomb), type, "Strict");
    }
  }
});

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, sorted(inner)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
