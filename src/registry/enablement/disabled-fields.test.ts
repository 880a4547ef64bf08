import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnyDraft, Draft, KubeObject, Schema } from "#objects";
import { storageVersionOf } from "../conversion/versions.ts";
import type { ResourceDefinition } from "../definition.ts";
import { BUILT_IN_KINDS, builtInKinds } from "../kinds/index.ts";
import { CONTEXT } from "../kinds/testing/try-kind.ts";
import { featureGates, type FeatureGates } from "./feature-gates.ts";
import { GATED_FIELDS } from "./gated-fields.ts";
import type { GateName } from "./gates.ts";
import { withGates } from "./disabled-fields.ts";

const only = (wanted: (gate: GateName) => boolean): FeatureGates => ({ ...featureGates(), enabled: wanted });
const kindOf = (kind: string, all = BUILT_IN_KINDS): ResourceDefinition =>
  all.find(({ group, resource }) => `${group}/${resource}` === kind)!;

/** A value of the schema that is not empty. */
function sample(schema: Schema): unknown {
  if (schema.type === "list") return [sample(schema.items)];
  if (schema.type === "map") return { key: sample(schema.values) };
  if (schema.type === "object") return {};
  return schema.type === "scalar" && schema.scalar === "boolean" ? true : "x";
}

/** A part of an object that has nothing but the field at this path. Fails where the schema has no such field. */
function partWith(schema: Schema, path: string): unknown {
  const [first = "", ...rest] = path.split(".");
  const [, name, mark] = /^(\w+)(\[\]|\{\}|\?)?/.exec(first)!;
  assert.ok(schema.type === "object", `${path} is inside of an object`);
  const field = schema.fields.get(name!);
  assert.ok(field, `there is a field ${name} for ${path}`);
  if (rest.length === 0) return { [name!]: sample(field.schema) };
  const below = rest.join(".");
  if (mark === "[]") {
    assert.ok(field.schema.type === "list");
    return { [name!]: [partWith(field.schema.items, below)] };
  }
  if (mark === "{}") {
    assert.ok(field.schema.type === "map");
    return { [name!]: { key: partWith(field.schema.values, below) } };
  }
  return { [name!]: partWith(field.schema, below) };
}

const withoutKind = (definition: ResourceDefinition): ResourceDefinition => {
  const { prepareForCreate: _create, prepareForUpdate: _update, prepareForStatusUpdate: _status, ...rest } = definition;
  return rest;
};
const text = (object: object) => JSON.stringify(object);

describe("fields whose feature gate is off", () => {
  for (const { gate, kinds, fields, where } of GATED_FIELDS) {
    for (const kind of kinds) {
      it(`are dropped from ${kind} without ${gate}, unless the object has them: ${fields.join(", ")}`, () => {
        const bare = withoutKind(kindOf(kind));
        const off = withGates(
          bare,
          only((name) => name !== gate),
        );
        const on = withGates(
          bare,
          only(() => true),
        );
        const { schema } = storageVersionOf(bare);
        for (const path of where === undefined ? fields : [where]) {
          const made = () => partWith(schema, path) as Draft<KubeObject>;
          const last = path.split(".").at(-1)!.replace(/!=.*/, "");
          const created = made();
          off.prepareForCreate?.(created, CONTEXT);
          assert.ok(!text(created).includes(`"${last}"`), `${path} is dropped on create`);
          const updated = made();
          off.prepareForUpdate?.(updated, {} as KubeObject, CONTEXT);
          assert.ok(!text(updated).includes(`"${last}"`), `${path} is dropped on update`);
          const kept = made();
          off.prepareForStatusUpdate?.(kept, made() as KubeObject, CONTEXT);
          assert.deepEqual(kept, made(), `${path} stays where it was`);
          const allowed = made();
          on.prepareForCreate?.(allowed, CONTEXT);
          assert.deepEqual(allowed, made(), `${path} stays while the gate is on`);
        }
      });
    }
  }

  it("take an object with them that is left empty, and nothing else", () => {
    const pods = withGates(withoutKind(kindOf("/pods")), featureGates());
    const draft = {
      spec: {
        containers: [
          { name: "a", lifecycle: { stopSignal: "SIGTERM" } },
          { name: "b", lifecycle: { stopSignal: "SIGTERM", preStop: { sleep: { seconds: 1 } } } },
          { name: "c", lifecycle: {} },
        ],
        initContainers: [{ name: "d", restartPolicy: "Always" }],
      },
    };
    pods.prepareForCreate?.(draft as unknown as Draft<KubeObject>, CONTEXT);
    assert.deepEqual(draft.spec, {
      containers: [{ name: "a" }, { name: "b", lifecycle: { preStop: { sleep: { seconds: 1 } } } }, { name: "c" }],
      initContainers: [{ name: "d", restartPolicy: "Always" }],
    });
  });

  it("keep the restart policy of sidecars, which is another feature's", () => {
    const pods = withGates(
      withoutKind(kindOf("/pods")),
      only((gate) => gate !== "ContainerRestartRules"),
    );
    const spec = {
      initContainers: [
        { name: "a", restartPolicy: "Always" },
        { name: "b", restartPolicy: "Never" },
      ],
    };
    pods.prepareForCreate?.({ spec } as unknown as Draft<KubeObject>, CONTEXT);
    assert.deepEqual(spec, { initContainers: [{ name: "a", restartPolicy: "Always" }, { name: "b" }] });
  });

  it("are dropped where a subresource writes them, too", () => {
    const pods = kindOf("/pods");
    const { ephemeralcontainers: subresource } = pods.subresources!;
    const old = { spec: { containers: [{ name: "a" }] }, metadata: { name: "p" } } as unknown as KubeObject;
    const draft = {
      metadata: { name: "p" },
      spec: {
        containers: [{ name: "a" }],
        ephemeralContainers: [{ name: "e", lifecycle: { stopSignal: "SIGTERM" } }],
      },
    } as unknown as AnyDraft;
    assert.ok(subresource?.type === "update");
    subresource.prepareForUpdate(draft as Draft<KubeObject>, old, CONTEXT);
    assert.deepEqual((draft["spec"] as { ephemeralContainers: unknown }).ephemeralContainers, [{ name: "e" }]);
  });

  it("have their default while it is on, where the object around them is there", () => {
    const gates = featureGates({ MaxUnavailableStatefulSet: true, VolumeLimitScaling: true });
    const all = builtInKinds({ gates });
    const set = { spec: { updateStrategy: {}, template: { spec: {} } } };
    kindOf("apps/statefulsets", all).applyDefaults?.(set as unknown as Draft<KubeObject>);
    assert.deepEqual(set.spec.updateStrategy, {
      type: "RollingUpdate",
      rollingUpdate: { partition: 0, maxUnavailable: 1 },
    });
    const onDelete = { spec: { updateStrategy: { type: "OnDelete" }, template: { spec: {} } } };
    kindOf("apps/statefulsets", all).applyDefaults?.(onDelete as unknown as Draft<KubeObject>);
    assert.deepEqual(onDelete.spec.updateStrategy, { type: "OnDelete" });
    const driver = { spec: {} as Record<string, unknown> };
    kindOf("storage.k8s.io/csidrivers", all).applyDefaults?.(driver as unknown as Draft<KubeObject>);
    assert.equal(driver.spec["preventPodSchedulingIfMissing"], false);
    const byDefault = { spec: {} as Record<string, unknown> };
    kindOf("storage.k8s.io/csidrivers").applyDefaults?.(byDefault as unknown as Draft<KubeObject>);
    assert.equal(byDefault.spec["preventPodSchedulingIfMissing"], undefined);
  });
});
