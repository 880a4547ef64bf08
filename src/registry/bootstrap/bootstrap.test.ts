import assert from "node:assert/strict";
import { test } from "node:test";
import { applySchemaDefaults, type Draft, type KubeObject, type Service } from "#objects";
import { builtInKinds } from "../kinds/index.ts";
import { createRegistryWorld, USER } from "../testing/world.ts";
import { bootstrapObjects } from "./index.ts";

test("a new cluster takes all bootstrap objects, with no fault found in them", async () => {
  const serviceCidr = "10.43.0.0/16";
  await using made = await createRegistryWorld({ definitions: builtInKinds({ serviceCidr }) });
  const names: string[] = [];
  for (const { group, resource, object } of bootstrapObjects({ serviceCidr })) {
    const target = made.registry.resource(group, resource);
    assert.ok(target, resource);
    applySchemaDefaults(object, target.definition.versions[0]!.schema);
    target.definition.applyDefaults?.(object as Draft<KubeObject>);
    const { key } = await target.create(object, USER);
    names.push(`${resource}/${key.name}`);
  }
  assert.deepEqual(names, [
    "namespaces/default",
    "namespaces/kube-system",
    "namespaces/kube-public",
    "namespaces/kube-node-lease",
    "priorityclasses/system-node-critical",
    "priorityclasses/system-cluster-critical",
    "servicecidrs/kubernetes",
    "services/kubernetes",
  ]);
  const service = await made.registry.resource("", "services")?.get({ namespace: "default", name: "kubernetes" });
  assert.equal((service?.object as Service | undefined)?.spec?.clusterIP, "10.43.0.1");
});

test("each call makes fresh objects", () => {
  const [first] = bootstrapObjects();
  first!.object.metadata.name = "changed";
  assert.equal(bootstrapObjects()[0]?.object.metadata.name, "default");
});
