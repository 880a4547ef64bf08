import assert from "node:assert/strict";
import { CONFIG_MAPS, DEPLOYMENTS, PODS, SERVICE_ACCOUNTS, type KubeObject, type Status } from "#objects";
import { assertFrozen, configMap, deployment, key, namesOf, NS, pod, refusal, type Behaviour } from "./suite.ts";

const held = { metadata: { namespace: NS, name: "a", finalizers: ["example.com/wait"] } };
const objectIn = <T extends KubeObject>(answer: T | Status): T => {
  assert.notEqual(answer.kind, "Status");
  return answer as T;
};

export function deletionBehaviours(behaviour: Behaviour): void {
  behaviour("D1", "what is gone at once is answered with a Status that names it", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a"));
    const answer = (await client.delete(CONFIG_MAPS, key("a"))) as Status;
    assert.equal(`${answer.kind} ${answer.status}`, "Status Success");
    assert.deepEqual(answer.details, { name: "a", kind: "configmaps", uid: made.metadata.uid });
    assertFrozen(answer);
    await refusal(client.get(CONFIG_MAPS, key("a")), 404, "NotFound");
    await refusal(client.delete(CONFIG_MAPS, key("a")), 404, "NotFound");
  });

  behaviour("D2", "some kinds are answered as they were", async ({ client }) => {
    await client.create(SERVICE_ACCOUNTS, { metadata: { namespace: NS, name: "a" } });
    assert.equal(objectIn(await client.delete(SERVICE_ACCOUNTS, key("a"))).metadata.name, "a");
    await refusal(client.get(SERVICE_ACCOUNTS, key("a")), 404, "NotFound");
  });

  behaviour("D3", "what has finalizers stays until the last of them is gone", async ({ client }) => {
    await client.create(CONFIG_MAPS, held);
    const begun = objectIn(await client.delete(CONFIG_MAPS, key("a")));
    assert.ok(begun.metadata.deletionTimestamp);
    assertFrozen(begun);
    await client.update(CONFIG_MAPS, { ...begun, metadata: { ...begun.metadata, finalizers: [] } });
    await refusal(client.get(CONFIG_MAPS, key("a")), 404, "NotFound");
  });

  behaviour("D4", "a Pod on a node has its grace, unless the client gives none", async ({ client }) => {
    await client.create(PODS, pod("p", "n1"));
    const begun = objectIn(await client.delete(PODS, key("p")));
    assert.equal(begun.metadata.deletionGracePeriodSeconds, 30);
    const shorter = objectIn(await client.delete(PODS, key("p"), { gracePeriodSeconds: 5 }));
    assert.equal(shorter.metadata.deletionGracePeriodSeconds, 5);
    await client.delete(PODS, key("p"), { gracePeriodSeconds: 0 });
    await refusal(client.get(PODS, key("p")), 404, "NotFound");
  });

  behaviour("D5", "a deletion holds for the uid and the version that it names", async ({ client }) => {
    const { metadata } = await client.create(CONFIG_MAPS, configMap("a"));
    const { uid = "", resourceVersion = "" } = metadata;
    const remove = (preconditions: { uid?: string; resourceVersion?: string }) =>
      client.delete(CONFIG_MAPS, key("a"), { preconditions });
    await refusal(remove({ uid: "other" }), 409, "Conflict", /UID in the precondition \(other\)/);
    await refusal(remove({ resourceVersion: "1" }), 409, "Conflict", /ResourceVersion in the precondition \(1\)/);
    await remove({ uid, resourceVersion });
    await refusal(client.get(CONFIG_MAPS, key("a")), 404, "NotFound");
  });

  behaviour("D6", "a dry run deletes nothing", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a"));
    await client.delete(CONFIG_MAPS, key("a"), { dryRun: true });
    await client.deleteCollection(CONFIG_MAPS, { namespace: NS }, { dryRun: true });
    assert.deepEqual(await client.get(CONFIG_MAPS, key("a")), made);
  });

  behaviour("D7", "the propagation policy becomes a finalizer", async ({ client }) => {
    for (const [name, propagationPolicy, finalizers] of [
      ["a", "Foreground", ["foregroundDeletion"]],
      ["b", "Orphan", ["orphan"]],
    ] as const) {
      await client.create(DEPLOYMENTS, deployment(name));
      const begun = objectIn(await client.delete(DEPLOYMENTS, key(name), { propagationPolicy }));
      assert.deepEqual(begun.metadata.finalizers, finalizers);
    }
    await client.create(DEPLOYMENTS, deployment("c"));
    const gone = await client.delete(DEPLOYMENTS, key("c"), { propagationPolicy: "Background" });
    assert.equal(gone.kind, "Status");
  });

  behaviour("D10", "options of a deletion that are not valid are Invalid", async ({ client }) => {
    await client.create(DEPLOYMENTS, deployment("a"));
    const odd = client.delete(DEPLOYMENTS, key("a"), { propagationPolicy: "Odd" as "Orphan" });
    await refusal(odd, 422, "Invalid", /propagationPolicy/);
  });

  behaviour("D8", "a collection is deleted as far as it is selected", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a", {}, { app: "web" }));
    await client.create(CONFIG_MAPS, configMap("b", {}, { app: "db" }));
    await client.create(CONFIG_MAPS, configMap("c"));
    await client.deleteCollection(CONFIG_MAPS, { namespace: NS, labelSelector: "app in (web)" });
    assert.deepEqual(namesOf((await client.list(CONFIG_MAPS)).items), ["b", "c"]);
    await client.deleteCollection(CONFIG_MAPS, { namespace: NS, fieldSelector: "metadata.name=c" });
    assert.deepEqual(namesOf((await client.list(CONFIG_MAPS)).items), ["b"]);
    await client.deleteCollection(CONFIG_MAPS, { namespace: NS });
    assert.deepEqual((await client.list(CONFIG_MAPS)).items, []);
  });

  behaviour("D9", "a collection whose deletion is broken off before it began is all there", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a"));
    await client.deleteCollection(CONFIG_MAPS, { namespace: NS }, { signal: AbortSignal.abort() });
    assert.deepEqual(namesOf((await client.list(CONFIG_MAPS)).items), ["a"]);
  });
}
