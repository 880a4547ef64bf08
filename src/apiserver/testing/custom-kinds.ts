/** Kinds that only tests have: with schemas of their own, and versions that differ. */
import { schemaOf, type AnyDraft, type Field, type ObjectSchema, type Schema } from "#objects";
import type { Conversion, ResourceDefinition, ServedVersion } from "#registry";

const STRING: Schema = { type: "scalar", scalar: "string" };
const INTEGER: Schema = { type: "scalar", scalar: "int32" };

const field = (schema: Schema, more: Partial<Field> = {}): Field => ({ schema, patchStrategy: [], ...more });

const object = (fields: Readonly<Record<string, Schema | Field>>): ObjectSchema => ({
  type: "object",
  fields: new Map(
    Object.entries(fields).map(([name, value]) => [name, "patchStrategy" in value ? value : field(value)]),
  ),
  required: [],
});

const kindSchema = (spec: Readonly<Record<string, Schema | Field>>): ObjectSchema =>
  object({
    apiVersion: STRING,
    kind: STRING,
    metadata: schemaOf("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
    spec: object(spec),
    status: object({ phase: STRING }),
  });

/** A list that strategic merge patches and apply merge by name. */
const PARTS = field(
  { type: "list", items: object({ name: STRING, value: STRING }), listType: "map", mapKeys: ["name"] },
  { patchStrategy: ["merge"], patchMergeKey: "name" },
);

/** `spec.size`, a text, in v1alpha1; `spec.amount`, a number, in v1. */
export const V1ALPHA1: ServedVersion = { version: "v1alpha1", schema: kindSchema({ size: STRING, parts: PARTS }) };
export const V1: ServedVersion = { version: "v1", schema: kindSchema({ amount: INTEGER, parts: PARTS }) };
/** v1 with one field more. */
export const V1_WITH_COLOR: ServedVersion = {
  version: "v1",
  schema: kindSchema({ amount: INTEGER, color: field(STRING, { default: "red" }), parts: PARTS }),
};

type Spec = { readonly size?: string; readonly amount?: number };

export const alphaToV1 = (source: Readonly<AnyDraft>): AnyDraft => {
  const { size, ...rest } = (source["spec"] ?? {}) as Spec;
  return { ...source, spec: { ...rest, ...(size === undefined ? {} : { amount: Number(size) }) } };
};

export const v1ToAlpha = (source: Readonly<AnyDraft>): AnyDraft => {
  const { amount, ...rest } = (source["spec"] ?? {}) as Spec;
  return { ...source, spec: { ...rest, ...(amount === undefined ? {} : { size: String(amount) }) } };
};

/** Conversions of a version to and from the storage version, in this process. */
export const local = (fromStorage: typeof alphaToV1, toStorage: typeof alphaToV1): Conversion => ({
  type: "local",
  fromStorage,
  toStorage,
});

/** The same as a webhook makes them; `called` is told of each call. */
export const remote = (
  fromStorage: typeof alphaToV1,
  toStorage: typeof alphaToV1,
  called: (what: string) => void,
): Conversion => ({
  type: "remote",
  fromStorage: async (objects) => (called(`from ${objects.length}`), objects.map(fromStorage)),
  toStorage: async (objects) => (called(`to ${objects.length}`), objects.map(toStorage)),
});

/** Gadgets of a group that nothing built in has. */
export const gadgets = (more: Partial<ResourceDefinition>): ResourceDefinition => ({
  group: "test.example.com",
  resource: "gadgets",
  singular: "gadget",
  kind: "Gadget",
  namespaced: true,
  storageVersion: "v1alpha1",
  versions: [V1ALPHA1],
  custom: true,
  hasStatus: true,
  hasGeneration: true,
  requiresResourceVersionOnUpdate: false,
  ...more,
});
