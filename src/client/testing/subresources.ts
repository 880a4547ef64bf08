import assert from "node:assert/strict";
import { getScale, patchScale, updateScale } from "#client";
import { CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, type KubeObject } from "#objects";
import { assertFrozen, deployment, key, NS, pod, refusal, type Behaviour } from "./suite.ts";

const binding = (name: string) => ({
  apiVersion: "v1",
  kind: "Binding",
  metadata: { namespace: NS, name },
  target: { kind: "Node", name: "n1" },
});
const eviction = (name: string, more: object = {}) => ({
  apiVersion: "policy/v1",
  kind: "Eviction",
  metadata: { namespace: NS, name },
  ...more,
});

export function subresourceBehaviours(behaviour: Behaviour): void {
  behaviour("S1", "a binding puts a Pod on its node, once", async ({ client }) => {
    await client.create(PODS, pod("p"));
    await client.createSubresource(PODS, key("p"), "binding", binding("p"), { dryRun: true });
    assert.equal((await client.get(PODS, key("p"))).spec?.nodeName, undefined);
    const answer = await client.createSubresource(PODS, key("p"), "binding", binding("p"));
    assert.equal((answer as KubeObject & { status?: string }).status, "Success");
    assertFrozen(answer);
    assert.equal((await client.get(PODS, key("p"))).spec?.nodeName, "n1");
    await refusal(client.createSubresource(PODS, key("p"), "binding", binding("p")), 409, "Conflict");
    await refusal(client.createSubresource(PODS, key("q"), "binding", binding("q")), 404, "NotFound");
  });

  behaviour("S2", "an eviction deletes its Pod", async ({ client }) => {
    await client.create(PODS, pod("p"));
    await client.createSubresource(PODS, key("p"), "eviction", eviction("p"));
    await refusal(client.get(PODS, key("p")), 404, "NotFound");
    await refusal(client.createSubresource(PODS, key("p"), "eviction", eviction("p")), 404, "NotFound");
  });

  behaviour("S3", "a subresource may be updated on its own", async ({ client }) => {
    const made = await client.create(NAMESPACES, { metadata: { name: "n" } });
    assert.deepEqual(made.spec?.finalizers, ["kubernetes"]);
    const freed = await client.update(NAMESPACES, { ...made, spec: { finalizers: [] } }, { subresource: "finalize" });
    assert.deepEqual(freed.spec?.finalizers ?? [], []);
  });

  behaviour("S5", "the Scale of any kind that has one is read, replaced and patched", async ({ client }) => {
    const made = await client.create(DEPLOYMENTS, deployment("d", 2));
    const scale = await getScale(client, DEPLOYMENTS, key("d"));
    assert.equal(`${scale.kind} ${scale.metadata.name} ${scale.spec?.replicas}`, "Scale d 2");
    assert.equal(scale.status?.selector, "app=web");
    assertFrozen(scale);
    const larger = await updateScale(client, DEPLOYMENTS, { ...scale, spec: { replicas: 5 } });
    assert.equal(larger.spec?.replicas, 5);
    await refusal(updateScale(client, DEPLOYMENTS, { ...scale, spec: { replicas: 6 } }), 409, "Conflict");
    const patched = await patchScale(client, DEPLOYMENTS, key("d"), { type: "merge", body: { spec: { replicas: 3 } } });
    assert.equal(patched.spec?.replicas, 3);
    const after = await client.get(DEPLOYMENTS, key("d"));
    assert.deepEqual(after.spec, { ...made.spec, replicas: 3 });
    await refusal(getScale(client, PODS, key("d")), 404, "NotFound");
  });

  behaviour("S4", "a subresource that there is not is NotFound", async ({ client }) => {
    await client.create(DEPLOYMENTS, deployment("d"));
    await refusal(client.get(DEPLOYMENTS, key("d"), { subresource: "odd" }), 404, "NotFound");
    await refusal(client.createSubresource(CONFIG_MAPS, key("d"), "binding", binding("d")), 404, "NotFound");
    const body = { spec: { replicas: 1 } };
    const patch = client.patch(CONFIG_MAPS, key("d"), { type: "merge", body }, { subresource: "scale" });
    await refusal(patch, 404, "NotFound");
  });
}
