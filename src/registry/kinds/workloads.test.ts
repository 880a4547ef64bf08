/** Whatever a client sends to the workload kinds, if only its types are right, their rules answer and do not break. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, type Random } from "#base";
import { applySchemaDefaults, type AnyDraft, type Draft, type KubeObject, type Schema } from "#objects";
import type { ResourceDefinition, WriteContext } from "../definition.ts";
import { APPS_KINDS } from "./apps/index.ts";
import { AUTOSCALING_KINDS } from "./autoscaling/index.ts";
import { BATCH_KINDS } from "./batch/index.ts";
import { podTemplates } from "./core/pod-template.ts";
import { pods } from "./core/pod.ts";
import { replicationControllers } from "./core/replication-controller.ts";
import { POLICY_KINDS } from "./policy/index.ts";

const KINDS: readonly ResourceDefinition[] = [
  pods,
  podTemplates,
  replicationControllers,
  ...APPS_KINDS,
  ...BATCH_KINDS,
  ...AUTOSCALING_KINDS,
  ...POLICY_KINDS,
];

const CONTEXT = {} as WriteContext;
const MAX_DEPTH = 12;

const WORDS = [
  "",
  "a",
  "A b",
  "1",
  "x/y",
  "../x",
  "Always",
  "Never",
  "Indexed",
  "RollingUpdate",
  "Exists",
  "In",
  "10.0.0.1",
];
const QUANTITIES = ["0", "1", "100m", "1Gi", "-1", "2"];
const MIXED = [0, 1, -1, "50%", "x", "101%"];
const NUMBERS = [0, 1, 2, -1, 70_000];

const pick = <T>(random: Random, items: readonly T[]): T => items[random.int(items.length)]!;

/** Something of the schema's type, with many fields left out, required ones too. */
function sample(schema: Schema, random: Random, depth = 0): unknown {
  switch (schema.type) {
    case "object": {
      const result: Record<string, unknown> = {};
      for (const [name, field] of schema.fields) {
        if (depth < MAX_DEPTH && random.next() < (depth < 3 ? 0.8 : 0.45)) {
          result[name] = sample(field.schema, random, depth + 1);
        }
      }
      return result;
    }
    case "map":
      return Object.fromEntries(
        Array.from({ length: random.int(3) }, () => [
          pick(random, ["a", "cpu", "memory", "A b", ""]),
          sample(schema.values, random, depth + 1),
        ]),
      );
    case "list":
      return Array.from({ length: random.int(3) }, () => sample(schema.items, random, depth + 1));
    case "any":
      return pick(random, [1, "a", {}, []]);
    case "scalar":
      switch (schema.scalar) {
        case "boolean":
          return random.next() < 0.5;
        case "int32":
        case "int64":
        case "number":
          return pick(random, NUMBERS);
        case "quantity":
          return pick(random, QUANTITIES);
        case "int-or-string":
          return pick(random, MIXED);
        case "time":
        case "micro-time":
          return "2026-01-01T00:00:00Z";
        case "duration":
          return "1s";
        case "bytes":
          return "";
        case "string":
          return pick(random, WORDS);
      }
  }
}

function objectOf(definition: ResourceDefinition, random: Random): KubeObject {
  const version = definition.versions.find(({ version: name }) => name === definition.storageVersion)!;
  const { schema } = version;
  const draft = sample(schema, random) as AnyDraft;
  draft.apiVersion = "v1";
  draft.kind = definition.kind;
  draft.metadata = {
    name: "p",
    namespace: "default",
    ...(draft.metadata?.labels ? { labels: draft.metadata.labels } : {}),
  };
  applySchemaDefaults(draft, schema);
  definition.applyDefaults?.(draft as Draft<KubeObject>);
  return draft as KubeObject;
}

for (const definition of KINDS) {
  void test(`${definition.resource}: any input gets an answer`, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const object = objectOf(definition, random);
        const old = objectOf(definition, random);
        definition.validate?.(object, CONTEXT);
        definition.validateCreate?.(object, CONTEXT);
        definition.validateUpdate?.(object, old, CONTEXT);
        definition.validateStatusUpdate?.(object, old, CONTEXT);
        definition.warnings?.(object, undefined);
        definition.warnings?.(object, old);
        definition.gracefulDeletion?.(object, undefined);
        for (const field of Object.values(definition.selectableFields ?? {}))
          assert.equal(typeof field(object), "string");
        for (const { cell } of definition.columns ?? []) assert.notEqual(cell(object, 0), undefined);
        definition.prepareForStatusUpdate?.(structuredClone(object) as Draft<KubeObject>, old, CONTEXT);
        definition.prepareForUpdate?.(structuredClone(object) as Draft<KubeObject>, old, CONTEXT);
        definition.prepareForCreate?.(structuredClone(object) as Draft<KubeObject>, CONTEXT);
      }),
      { numRuns: 100 },
    );
  });

  void test(`${definition.resource}: defaults are filled in once`, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const object = objectOf(definition, createRandom(seed));
        const again = structuredClone(object) as Draft<KubeObject>;
        definition.applyDefaults?.(again);
        assert.deepEqual(again, object);
      }),
      { numRuns: 50 },
    );
  });

  void test(`${definition.resource}: an unchanged object may be written again`, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const object = objectOf(definition, createRandom(seed));
        const changes = definition.validateUpdate?.(object, structuredClone(object), CONTEXT) ?? [];
        const immutable = changes.filter(({ message }) => /immutable|may not change|are forbidden/.test(message));
        assert.deepEqual(immutable, []);
      }),
      { numRuns: 50 },
    );
  });
}
