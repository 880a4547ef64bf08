import assert from "node:assert/strict";
import { metadataOnly, CONFIG_MAPS, DEPLOYMENTS, EVENTS, type KubeObject } from "#objects";
import { assertFrozen, configMap, deployment, key, NS, readWatch, toldBy, type Behaviour } from "./suite.ts";

export function discoveryBehaviours(behaviour: Behaviour): void {
  behaviour(
    "X1",
    "groups come with the core group first, versions with the preferred one first",
    async ({ client }) => {
      const groups = await client.discovery.groups();
      assert.deepEqual(
        groups.slice(0, 3).map(({ name, versions }) => `${name}: ${versions.map(({ version }) => version).join()}`),
        [": v1", "apiregistration.k8s.io: v1", "apps: v1"],
      );
      const autoscaling = groups.find(({ name }) => name === "autoscaling");
      assert.deepEqual(
        autoscaling?.versions.map(({ version }) => version),
        ["v2", "v1"],
      );
      assert.ok(groups.every(({ versions }) => versions.every(({ stale }) => !stale)));
    },
  );

  behaviour(
    "X2",
    "a resource is found by its kind or its plural, with what can be done with it",
    async ({ client }) => {
      const { discovery } = client;
      const found = await discovery.find({ group: "apps", version: "v1", kind: "Deployment" });
      assert.ok(found);
      const { group, version, resource, kind, namespaced, singular, shortNames, categories } = found;
      assert.deepEqual(
        { group, version, resource, kind, namespaced, singular, shortNames, categories },
        { ...DEPLOYMENTS, singular: "deployment", shortNames: ["deploy"], categories: ["all"] },
      );
      assert.deepEqual(
        found.subresources.map(({ name, kind: body }) => `${name}: ${body}`),
        ["scale: Scale", "status: Deployment"],
      );
      assert.ok(found.verbs.includes("watch"));
      assert.equal((await discovery.find({ group: "apps", resource: "deployments" }))?.kind, "Deployment");
      assert.equal((await discovery.find({ group: "autoscaling", kind: "HorizontalPodAutoscaler" }))?.version, "v2");
      const old = { group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler" };
      assert.equal((await discovery.find(old))?.version, "v1");
      assert.equal(await discovery.find({ group: "", kind: "Deployment" }), undefined);
      assert.equal(await discovery.find({ group: "apps", version: "v9", kind: "Deployment" }), undefined);
    },
  );

  behaviour("X3", "each resource is listed once, in its preferred version", async ({ client }) => {
    const resources = await client.discovery.resources();
    const names = resources.map(({ group, resource }) => `${resource}.${group}`);
    assert.equal(new Set(names).size, names.length);
    const scaler = resources.find(({ resource }) => resource === "horizontalpodautoscalers");
    assert.equal(scaler?.version, "v2");
  });

  behaviour(
    "X4",
    "an object of a kind that is only discovered is read and written like any other",
    async ({ client }) => {
      const type = await client.discovery.find({ group: "", version: "v1", kind: "ConfigMap" });
      assert.ok(type);
      const sent: Omit<KubeObject, "apiVersion" | "kind"> = configMap("a", { x: "1" });
      const made = await client.create(type, sent);
      assert.deepEqual(await client.get(CONFIG_MAPS, key("a")), made);
      assert.deepEqual((await client.list(type, { namespace: NS })).items, [made]);
      await client.delete(type, key("a"));
    },
  );

  behaviour("X5", "a listener is told when a kind comes or goes", async ({ client, serveWidgets }) => {
    assert.ok(serveWidgets);
    const wanted = { group: "example.com", version: "v1", kind: "Widget" };
    assert.equal(await client.discovery.find(wanted), undefined);
    let told = Promise.withResolvers<void>();
    const stop = client.discovery.onChange(() => told.resolve());
    try {
      serveWidgets(true);
      await told.promise;
      assert.equal((await client.discovery.find(wanted))?.resource, "widgets");
      told = Promise.withResolvers<void>();
      serveWidgets(false);
      await told.promise;
      assert.equal(await client.discovery.find(wanted), undefined);
    } finally {
      stop();
    }
  });

  behaviour("M1", "the metadata alone is read, listed, watched, patched and deleted", async ({ client }) => {
    const { resourceVersion } = await client.list(CONFIG_MAPS);
    const type = metadataOnly(CONFIG_MAPS);
    const made = await client.create(CONFIG_MAPS, configMap("a", { x: "1" }, { app: "web" }));
    const partial = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata: made.metadata };
    const found = await client.get(type, key("a"));
    assert.deepEqual(found, partial);
    assertFrozen(found);
    assert.deepEqual((await client.list(type, { labelSelector: "app=web" })).items, [partial]);
    const { signal } = new AbortController();
    const watch = readWatch(client.watch(type, { resourceVersion, signal }));
    assert.deepEqual(await watch.take(1), [{ type: "ADDED", object: partial }]);
    const body = { metadata: { labels: { app: "db" } } };
    const patched = await client.patch(type, key("a"), { type: "merge", body });
    assert.equal(`${patched.kind} ${patched.metadata.labels?.app}`, "PartialObjectMetadata db");
    await client.delete(type, key("a"));
    assert.deepEqual((await watch.take(2)).map(toldBy), ["MODIFIED a", "DELETED a"]);
    await watch.close();
  });

  behaviour(
    "M2",
    "a watch of metadata begins with what is there, and ends that with a bookmark",
    async ({ client }) => {
      await client.create(DEPLOYMENTS, deployment("d"));
      const options = { sendInitialEvents: true, allowWatchBookmarks: true, signal: new AbortController().signal };
      const watch = readWatch(client.watch(metadataOnly(DEPLOYMENTS), options));
      const [added, end] = await watch.take(2);
      assert.ok(added?.type === "ADDED" && added.object.kind === "PartialObjectMetadata" && !("spec" in added.object));
      assert.ok(end?.type === "BOOKMARK" && end.initialEventsEnd);
      await watch.close();
    },
  );

  behaviour("M3", "what is written is written whole", async ({ client }) => {
    const sent = configMap("a");
    const write = async () => client.create(metadataOnly(CONFIG_MAPS), sent);
    await assert.rejects(write, /created whole/);
    const made = await client.create(CONFIG_MAPS, sent);
    await assert.rejects(async () => client.update(metadataOnly(CONFIG_MAPS), made), /updated whole/);
    assert.deepEqual((await client.list(metadataOnly(EVENTS))).items, []);
  });
}
