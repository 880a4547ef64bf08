/** What holds for every definition. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deepFreeze, draftOf, type AnyDraft, type Draft, type KubeObject, type Schema } from "#objects";
import { storageVersionOf } from "../conversion/versions.ts";
import type { ResourceDefinition } from "../definition.ts";
import { BUILT_IN_KINDS } from "./index.ts";
import { CONTEXT, created } from "./testing/try-kind.ts";

/** An object of which every field down to a depth is there and empty, as a careless client may send it. */
function hollow(schema: Schema, depth: number): unknown {
  switch (schema.type) {
    case "object":
      if (depth === 0) return {};
      return Object.fromEntries([...schema.fields].map(([name, field]) => [name, hollow(field.schema, depth - 1)]));
    case "list":
      return depth === 0 ? [] : [hollow(schema.items, depth - 1)];
    case "map":
      return depth === 0 ? {} : { "": hollow(schema.values, depth - 1) };
    case "scalar":
      return EMPTY[schema.scalar];
    case "any":
      return {};
  }
}

const EMPTY: Readonly<Record<string, unknown>> = {
  string: "",
  boolean: false,
  int32: 0,
  int64: 0,
  number: 0,
  bytes: "",
  time: "2026-01-01T00:00:00Z",
  "micro-time": "2026-01-01T00:00:00.000000Z",
  "int-or-string": 0,
  quantity: "0",
  duration: "0s",
};

/** Bodies from nothing to everything at once. */
function bodies(definition: ResourceDefinition): object[] {
  const { schema } = storageVersionOf(definition);
  const named = (value: unknown) => {
    const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = value as AnyDraft;
    return rest;
  };
  return [{}, ...[1, 2, 3, 5, 8].map((depth) => named(hollow(schema, depth)))];
}

const name = ({ group, kind }: ResourceDefinition) => (group ? `${kind}.${group}` : kind);

describe("no body of the right shape breaks a definition", () => {
  for (const definition of BUILT_IN_KINDS) {
    test(name(definition), () => {
      for (const body of bodies(definition)) {
        const object = created(definition, body);
        definition.validate?.(object, CONTEXT);
        definition.warnings?.(object, undefined);
        const old = deepFreeze(draftOf(object)) as KubeObject;
        for (const subresource of [undefined, "status"] as const) {
          const draft = draftOf(object) as Draft<KubeObject>;
          if (subresource) definition.prepareForStatusUpdate?.(draft, old, CONTEXT);
          else definition.prepareForUpdate?.(draft, old, CONTEXT);
          const validate = subresource ? definition.validateStatusUpdate : definition.validateUpdate;
          validate?.(draft as KubeObject, old, CONTEXT);
        }
        for (const value of Object.values(definition.selectableFields ?? {})) {
          assert.equal(typeof value(old), "string");
        }
        for (const { cell, name: column } of definition.columns ?? []) {
          assert.notEqual(cell(old, CONTEXT.now), undefined, column);
        }
        definition.isHeld?.(old);
      }
    });
  }
});

describe("defaulting twice changes nothing more", () => {
  for (const definition of BUILT_IN_KINDS) {
    test(name(definition), () => {
      for (const body of bodies(definition)) {
        const once = created(definition, body);
        const twice = draftOf(once) as Draft<KubeObject>;
        definition.applyDefaults?.(twice);
        assert.deepEqual(twice, once);
      }
    });
  }
});

test("an unchanged object is a valid update of itself", () => {
  for (const definition of BUILT_IN_KINDS) {
    for (const body of bodies(definition)) {
      const old = created(definition, body);
      const draft = draftOf(old) as Draft<KubeObject>;
      definition.prepareForUpdate?.(draft, old, CONTEXT);
      const errors = definition.validateUpdate?.(draft as KubeObject, old, CONTEXT) ?? [];
      const own = new Set(definition.validate?.(old, CONTEXT).map(({ field }) => field));
      assert.deepEqual(
        errors.filter(({ field }) => !own.has(field)),
        [],
        name(definition),
      );
    }
  }
});

test("each resource has one definition", () => {
  const names = BUILT_IN_KINDS.map(({ group, resource }) => `${resource}.${group}`);
  assert.equal(new Set(names).size, names.length);
});
