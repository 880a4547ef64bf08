import assert from "node:assert/strict";
import type { Patch, PatchOptions } from "#client";
import { CONFIG_MAPS, DEPLOYMENTS, PODS } from "#objects";
import { assertFrozen, configMap, deployment, key, NS, pod, refusal, type Behaviour } from "./suite.ts";

const applied = (data: Readonly<Record<string, string>>): Patch => ({
  type: "apply",
  body: { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: NS, name: "a" }, data },
});

export function patchBehaviours(behaviour: Behaviour): void {
  behaviour("P1", "a JSON patch changes what it says", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const body = [
      { op: "test", path: "/data/x", value: "1" },
      { op: "add", path: "/data/y", value: "2" },
      { op: "remove", path: "/data/x" },
    ];
    const patched = await client.patch(CONFIG_MAPS, key("a"), { type: "json", body });
    assert.deepEqual(patched.data, { y: "2" });
    assertFrozen(patched);
    await refusal(client.patch(CONFIG_MAPS, key("a"), { type: "json", body }), 422, "Invalid");
  });

  behaviour("P2", "a merge patch replaces lists and takes away what is null", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a", { x: "1", y: "2" }));
    const body = { data: { x: null, z: "3" } };
    const patched = await client.patch(CONFIG_MAPS, key("a"), { type: "merge", body });
    assert.deepEqual(patched.data, { y: "2", z: "3" });
    assertFrozen(patched);
    assert.deepEqual(await client.get(CONFIG_MAPS, key("a")), patched);
  });

  behaviour("P3", "a strategic merge patch merges lists by their keys", async ({ client }) => {
    await client.create(DEPLOYMENTS, deployment("d"));
    const containers = [
      { name: "c", image: "httpd" },
      { name: "e", image: "x" },
    ];
    const body = { spec: { template: { spec: { containers } } } };
    const patched = await client.patch(DEPLOYMENTS, key("d"), { type: "strategic", body });
    assert.deepEqual(
      patched.spec?.template.spec?.containers.map(({ name, image }) => `${name}=${image}`),
      ["c=httpd", "e=x"],
    );
    const without = { spec: { template: { spec: { containers: [{ name: "e", $patch: "delete" }] } } } };
    const fewer = await client.patch(DEPLOYMENTS, key("d"), { type: "strategic", body: without });
    assert.equal(fewer.spec?.template.spec?.containers.length, 1);
  });

  behaviour("P4", "what is not there cannot be patched", async ({ client }) => {
    for (const type of ["merge", "strategic"] as const) {
      await refusal(client.patch(CONFIG_MAPS, key("a"), { type, body: {} }), 404, "NotFound");
    }
  });

  behaviour("P5", "a patch holds for the version and uid that it names", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a"));
    const body = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { x: "1" } };
    await client.patch(CONFIG_MAPS, key("a"), { type: "merge", body });
    await refusal(client.patch(CONFIG_MAPS, key("a"), { type: "merge", body }), 409, "Conflict");
    const other = { metadata: { uid: "other" } };
    await refusal(client.patch(CONFIG_MAPS, key("a"), { type: "merge", body: other }), 422, "Invalid", /metadata.uid/);
  });

  behaviour("P6", "a patch of the status touches nothing else, and a dry run nothing at all", async ({ client }) => {
    const made = await client.create(PODS, pod("p"));
    const patch: Patch = { type: "merge", body: { spec: { nodeName: "n1" }, status: { phase: "Running" } } };
    const dry = await client.patch(PODS, key("p"), patch, { subresource: "status", dryRun: true });
    assert.equal(dry.status?.phase, "Running");
    assert.deepEqual(await client.get(PODS, key("p")), made);
    const real = await client.patch(PODS, key("p"), patch, { subresource: "status" });
    assert.equal(real.status?.phase, "Running");
    assert.equal(real.spec?.nodeName, undefined);
  });

  behaviour("P7", "an apply makes what is not there, and takes back what is applied no more", async ({ client }) => {
    const options: PatchOptions = { fieldManager: "me" };
    const made = await client.patch(CONFIG_MAPS, key("a"), applied({ x: "1", y: "2" }), options);
    assert.deepEqual(made.data, { x: "1", y: "2" });
    assert.deepEqual(
      made.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`),
      ["me Apply"],
    );
    const again = await client.patch(CONFIG_MAPS, key("a"), applied({ x: "1" }), options);
    assert.deepEqual(again.data, { x: "1" });
    assertFrozen(again);
  });

  behaviour(
    "P8",
    "an apply of what another owns is a Conflict that names the owner, unless it is forced",
    async ({ client }) => {
      await client.patch(CONFIG_MAPS, key("a"), applied({ x: "1" }), { fieldManager: "first" });
      const patch = applied({ x: "2" });
      const answer = client.patch(CONFIG_MAPS, key("a"), patch, { fieldManager: "second" });
      const error = await refusal(answer, 409, "Conflict", /conflict with "first": \.data\.x/);
      assert.deepEqual(error.status.details?.causes, [
        { reason: "FieldManagerConflict", message: 'conflict with "first"', field: ".data.x" },
      ]);
      const forced = await client.patch(CONFIG_MAPS, key("a"), patch, { fieldManager: "second", force: true });
      assert.deepEqual(forced.data, { x: "2" });
    },
  );

  behaviour("P9", "options of a patch that do not go together are Invalid", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a"));
    const patch: Patch = { type: "merge", body: {} };
    await refusal(client.patch(CONFIG_MAPS, key("a"), patch, { force: true }), 422, "Invalid", /force/);
    await refusal(client.patch(CONFIG_MAPS, key("a"), applied({})), 422, "Invalid", /fieldManager/);
  });
}
