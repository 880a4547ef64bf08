import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, KubeObject, PodTemplate, ReplicationController } from "#objects";
import type { WriteContext } from "../../definition.ts";
import { podTemplates } from "./pod-template.ts";
import { replicationControllers } from "./replication-controller.ts";

const CONTEXT = {} as WriteContext;
const NOW = Date.UTC(2026, 0, 1, 1);
const TEMPLATE = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "a", image: "i:1" }] } };

const controller = (spec: object): ReplicationController => {
  const draft = {
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: structuredClone(spec),
  } as unknown as Draft<KubeObject>;
  replicationControllers.applyDefaults?.(draft);
  return draft as unknown as ReplicationController;
};
const wrong = (spec: object) =>
  replicationControllers.validate?.(controller(spec), CONTEXT).map(({ field, message }) => `${field}: ${message}`);

test("the selector and labels default to those of the template", () => {
  const { spec, metadata } = controller({ template: TEMPLATE });
  assert.deepEqual([spec?.selector, metadata.labels, spec?.replicas], [{ app: "web" }, { app: "web" }, 1]);
  assert.deepEqual(wrong({ template: TEMPLATE }), []);
});

test("a selector and a matching template are required", () => {
  assert.deepEqual(wrong({}), ["spec.selector: Required value", "spec.template: Required value"]);
  assert.deepEqual(wrong({ selector: { app: "x" }, template: TEMPLATE }), [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ]);
});

test("the columns show the replicas, containers, images and selector", () => {
  const object = { ...controller({ template: TEMPLATE }), status: { replicas: 2, readyReplicas: 1 } };
  const cells = replicationControllers.columns?.map(({ cell }) => cell(object, NOW));
  assert.deepEqual(cells, [1, 2, 1, "60m", "a", "i:1", "app=web"]);
  const template = { apiVersion: "v1", kind: "PodTemplate", metadata: {}, template: TEMPLATE } as PodTemplate;
  assert.deepEqual(
    podTemplates.columns?.map(({ cell }) => cell(template, NOW)),
    ["a", "i:1", "app=web"],
  );
});
