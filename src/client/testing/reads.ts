import assert from "node:assert/strict";
import type { Client, ListOptions } from "#client";
import { CONFIG_MAPS, EVENTS, NODES, PODS, type KubeObject, type ResourceType } from "#objects";
import { assertFrozen, configMap, key, namesOf, NS, pod, refusal, withTime, type Behaviour } from "./suite.ts";

const WIDGETS: ResourceType = {
  group: "example.com",
  version: "v1",
  resource: "widgets",
  kind: "Widget",
  namespaced: true,
};
/** The Events of `EVENTS` under their other name. */
const NEW_EVENTS: ResourceType<KubeObject & { readonly regarding?: { readonly name?: string } }> = {
  ...EVENTS,
  group: "events.k8s.io",
};

const createAll = async (client: Client, ...names: readonly string[]) => {
  for (const name of names) await client.create(CONFIG_MAPS, configMap(name));
};

export function readBehaviours(behaviour: Behaviour): void {
  behaviour("R1", "an object comes with its type, and frozen", async ({ client }) => {
    const made = await client.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const found = await client.get(CONFIG_MAPS, key("a"));
    assert.deepEqual(found, made);
    assert.equal(`${found.apiVersion} ${found.kind}`, "v1 ConfigMap");
    assertFrozen(found);
  });

  behaviour("R2", "what is not there is NotFound, with its name and resource as details", async ({ client }) => {
    const error = await refusal(client.get(CONFIG_MAPS, key("a")), 404, "NotFound", /^configmaps "a" not found$/);
    assert.deepEqual(error.status.details, { name: "a", kind: "configmaps" });
  });

  behaviour("R3", "a resource that is not served is NotFound, whatever is asked", async ({ client }) => {
    const message = /^the server could not find the requested resource$/;
    await refusal(client.get(WIDGETS, key("a")), 404, "NotFound", message);
    await refusal(client.list(WIDGETS), 404, "NotFound", message);
    await refusal(client.create(WIDGETS, { metadata: { namespace: NS, name: "a" } }), 404, "NotFound", message);
    await refusal(client.get({ ...CONFIG_MAPS, version: "v9" }, key("a")), 404, "NotFound", message);
  });

  behaviour("R4", "a revision that is yet to come is waited for a little, then refused", async (context) => {
    const { client } = context;
    const made = await client.create(CONFIG_MAPS, configMap("a"));
    const later = String(Number(made.metadata.resourceVersion) + 1000);
    assert.equal((await client.get(CONFIG_MAPS, key("a"), { resourceVersion: "0" })).metadata.name, "a");
    for (const ask of [
      () => client.get(CONFIG_MAPS, key("a"), { resourceVersion: later }),
      () => client.list(CONFIG_MAPS, { resourceVersion: later }),
    ]) {
      const error = await withTime(context, refusal(ask(), 504, "Timeout", /Too large resource version/));
      assert.deepEqual(error.status.details?.causes?.[0]?.reason, "ResourceVersionTooLarge");
    }
  });

  behaviour("R5", "an object is seen in every version that it is served in", async ({ client }) => {
    const involvedObject = { kind: "Pod", namespace: NS, name: "p" };
    await client.create(EVENTS, { metadata: { namespace: NS, name: "e" }, involvedObject, reason: "Tested" });
    const found = await client.get(NEW_EVENTS, key("e"));
    assert.equal(found.apiVersion, "events.k8s.io/v1");
    assert.equal(found.regarding?.name, "p");
    assertFrozen(found);
    assert.deepEqual((await client.list(NEW_EVENTS, { namespace: NS })).items, [found]);
  });

  behaviour(
    "R6",
    "a list has all namespaces or one, in the order of their keys, with types, frozen",
    async ({ client }) => {
      await createAll(client, "b", "a");
      const kube = { namespace: "kube-system", name: "c" };
      await client.create({ ...CONFIG_MAPS, resource: "namespaces", kind: "Namespace", namespaced: false }, {
        metadata: { name: kube.namespace },
      } as never);
      await client.create(CONFIG_MAPS, { metadata: kube });
      const all = await client.list(CONFIG_MAPS);
      assert.deepEqual(namesOf(all.items), ["a", "b", "c"]);
      assert.deepEqual(namesOf((await client.list(CONFIG_MAPS, { namespace: "kube-system" })).items), ["c"]);
      for (const item of all.items) {
        assert.equal(`${item.apiVersion} ${item.kind}`, "v1 ConfigMap");
        assertFrozen(item);
      }
      const newest = Math.max(...all.items.map(({ metadata }) => Number(metadata.resourceVersion)));
      assert.ok(Number(all.resourceVersion) >= newest);
      assert.equal(all.continue, undefined);
      assert.deepEqual((await client.list(NODES)).items, []);
    },
  );

  behaviour("R7", "label and field selectors choose", async ({ client }) => {
    await client.create(CONFIG_MAPS, configMap("a", {}, { app: "web", tier: "front" }));
    await client.create(CONFIG_MAPS, configMap("b", {}, { app: "db" }));
    await client.create(CONFIG_MAPS, configMap("c"));
    await client.create(PODS, pod("p", "n1"));
    await client.create(PODS, pod("q"));
    const found = async (type: ResourceType, query: ListOptions) => namesOf((await client.list(type, query)).items);
    assert.deepEqual(await found(CONFIG_MAPS, { labelSelector: "app in (web, db),!tier" }), ["b"]);
    assert.deepEqual(await found(CONFIG_MAPS, { labelSelector: "app" }), ["a", "b"]);
    assert.deepEqual(await found(CONFIG_MAPS, { labelSelector: "app!=web" }), ["b", "c"]);
    assert.deepEqual(await found(CONFIG_MAPS, { fieldSelector: "metadata.name!=a" }), ["b", "c"]);
    assert.deepEqual(await found(PODS, { fieldSelector: "spec.nodeName=n1" }), ["p"]);
    assert.deepEqual(await found(PODS, { namespace: NS, fieldSelector: "spec.nodeName=" }), ["q"]);
    await refusal(client.list(CONFIG_MAPS, { labelSelector: "a in" }), 400, "BadRequest");
    await refusal(client.list(CONFIG_MAPS, { fieldSelector: "data.x=1" }), 400, "BadRequest");
  });

  behaviour("R8", "pages go on at the revision of the first", async ({ client }) => {
    await createAll(client, "a", "b", "c", "d", "e");
    const first = await client.list(CONFIG_MAPS, { limit: 2 });
    assert.deepEqual(namesOf(first.items), ["a", "b"]);
    assert.equal(first.remainingItemCount, 3);
    await client.delete(CONFIG_MAPS, key("b"));
    await client.delete(CONFIG_MAPS, key("d"));
    await client.create(CONFIG_MAPS, configMap("cc"));
    const second = await client.list(CONFIG_MAPS, { limit: 2, continue: first.continue ?? "" });
    assert.deepEqual(namesOf(second.items), ["c", "d"]);
    assert.equal(second.resourceVersion, first.resourceVersion);
    const third = await client.list(CONFIG_MAPS, { limit: 2, continue: second.continue ?? "" });
    assert.deepEqual(namesOf(third.items), ["e"]);
    assert.equal(third.continue, undefined);
  });

  behaviour("R9", "a list may be of the past, or no older than a revision", async ({ client }) => {
    await createAll(client, "a");
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    await createAll(client, "b");
    const listed = async (query: ListOptions) => namesOf((await client.list(CONFIG_MAPS, query)).items);
    assert.deepEqual(await listed({ resourceVersion, resourceVersionMatch: "Exact" }), ["a"]);
    assert.deepEqual(await listed({ resourceVersion, resourceVersionMatch: "NotOlderThan" }), ["a", "b"]);
    assert.deepEqual(await listed({ resourceVersion }), ["a", "b"]);
    assert.deepEqual(await listed({ resourceVersion: "0", limit: 1 }), ["a", "b"], "what is at hand comes whole");
  });

  behaviour("R10", "what the API has forgotten is Expired", async ({ client, forget }) => {
    await createAll(client, "a", "b");
    const { resourceVersion, continue: next = "" } = await client.list(CONFIG_MAPS, { limit: 1 });
    await createAll(client, "c");
    await forget();
    const exact = client.list(CONFIG_MAPS, { resourceVersion, resourceVersionMatch: "Exact" });
    await refusal(exact, 410, "Expired");
    await refusal(client.list(CONFIG_MAPS, { limit: 1, continue: next }), 410, "Expired");
  });

  behaviour("R11", "options of a list that do not go together are Invalid", async ({ client }) => {
    await refusal(client.list(CONFIG_MAPS, { resourceVersionMatch: "Exact" }), 422, "Invalid", /resourceVersionMatch/);
    await refusal(client.list(CONFIG_MAPS, { resourceVersion: "x" }), 400, "BadRequest");
  });

  behaviour("R12", "a user without permissions gets Forbidden for everything", async ({ client, stranger }) => {
    await createAll(client, "a");
    assert.ok(stranger);
    const forbidden = (answer: Promise<unknown>) =>
      refusal(answer, 403, "Forbidden", /^configmaps (?:"a" )?is forbidden: User "stranger" cannot/);
    await forbidden(stranger.get(CONFIG_MAPS, key("a")));
    await forbidden(stranger.list(CONFIG_MAPS));
    await forbidden(stranger.create(CONFIG_MAPS, configMap("b")));
    await forbidden(stranger.update(CONFIG_MAPS, await client.get(CONFIG_MAPS, key("a"))));
    await forbidden(stranger.patch(CONFIG_MAPS, key("a"), { type: "merge", body: {} }));
    await forbidden(stranger.delete(CONFIG_MAPS, key("a")));
    await forbidden(stranger.deleteCollection(CONFIG_MAPS, { namespace: NS }));
    const watch = stranger.watch(CONFIG_MAPS, { signal: new AbortController().signal });
    await forbidden(watch[Symbol.asyncIterator]().next());
  });
}
