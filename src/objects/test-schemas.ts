/** Schemas made by hand for the tests of patches and apply. */
import type { Field, ListSchema, MapSchema, ObjectSchema, Scalar, ScalarSchema, Schema } from "./schema/model.ts";

type Strategy = Field["patchStrategy"][number];

const scalar = (type: Scalar): ScalarSchema => ({ type: "scalar", scalar: type });
export const STRING = scalar("string");
export const INTEGER = scalar("int32");

export const list = (items: Schema, listType: ListSchema["listType"] = "atomic", ...mapKeys: string[]): ListSchema => ({
  type: "list",
  items,
  listType,
  mapKeys,
});

export const mapOf = (values: Schema, options: { readonly atomic?: boolean } = {}): MapSchema => ({
  type: "map",
  values,
  ...options,
});

export interface FieldOptions {
  readonly strategy?: readonly Strategy[];
  readonly mergeKey?: string;
  readonly default?: unknown;
}

export function field(schema: Schema, options: FieldOptions = {}): Field {
  return {
    schema,
    patchStrategy: options.strategy ?? [],
    ...(options.mergeKey === undefined ? {} : { patchMergeKey: options.mergeKey }),
    ...(options.default === undefined ? {} : { default: options.default }),
  };
}

export function object(
  fields: Readonly<Record<string, Field | Schema>>,
  options: Partial<Pick<ObjectSchema, "name" | "required" | "preserveUnknown" | "atomic">> = {},
): ObjectSchema {
  const entries = Object.entries(fields).map(
    ([name, value]) => [name, "patchStrategy" in value ? value : field(value)] as const,
  );
  return { type: "object", fields: new Map(entries), required: [], ...options };
}

/** Merged by a key, as patches and apply both have it. */
export const keyed = (items: Schema, key: string, ...more: string[]): Field =>
  field(list(items, "map", key, ...more), { strategy: ["merge"], mergeKey: key });

const container = object(
  {
    name: field(STRING, { default: "" }),
    image: STRING,
    args: list(STRING),
    env: keyed(object({ name: field(STRING, { default: "" }), value: STRING }), "name"),
    ports: keyed(
      object({
        containerPort: field(INTEGER, { default: 0 }),
        protocol: field(STRING, { default: "TCP" }),
        name: STRING,
      }),
      "containerPort",
      "protocol",
    ),
    resources: field(object({ limits: mapOf(scalar("quantity")) }), { default: {} }),
  },
  { required: ["name"] },
);

const volume = object(
  { name: field(STRING, { default: "" }), emptyDir: object({ medium: STRING }), configMap: object({ name: STRING }) },
  { name: "io.example.Volume" },
);

const metadata = object({
  name: STRING,
  namespace: STRING,
  uid: STRING,
  resourceVersion: STRING,
  creationTimestamp: scalar("time"),
  generation: scalar("int64"),
  labels: mapOf(STRING),
  annotations: mapOf(STRING),
  finalizers: field(list(STRING, "set"), { strategy: ["merge"] }),
  managedFields: list({ type: "any" }),
});

/** A workload much like a Deployment, but small. */
export const WORKLOAD = object(
  {
    apiVersion: STRING,
    kind: STRING,
    metadata: field(metadata, { default: {} }),
    spec: field(
      object(
        {
          replicas: INTEGER,
          selector: object({ matchLabels: mapOf(STRING) }, { atomic: true }),
          strategy: field(object({ type: STRING, rollingUpdate: object({ maxSurge: scalar("int-or-string") }) }), {
            strategy: ["retainKeys"],
            default: {},
          }),
          containers: keyed(container, "name"),
          volumes: field(list(volume, "map", "name"), { strategy: ["merge", "retainKeys"], mergeKey: "name" }),
          tolerations: list(object({ key: STRING })),
          nodeSelector: mapOf(STRING, { atomic: true }),
          anything: { type: "any" },
        },
        { required: ["containers"], name: "io.example.WorkloadSpec" },
      ),
      { default: {} },
    ),
    status: field(object({ replicas: INTEGER, conditions: keyed(object({ type: STRING, status: STRING }), "type") }), {
      default: {},
    }),
  },
  { name: "io.example.Workload" },
);
