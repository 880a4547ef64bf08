import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, DEPLOYMENTS, hasReason, NAMESPACES, type KubeObject, type ResourceType } from "#objects";
import { createCompositionWorld } from "./testing/world.ts";

/** A cluster that has come to rest. */
async function idleCluster() {
  const world = await createCompositionWorld();
  world.advancing.stop();
  await world.clock.advance(1000);
  return {
    ...world,
    /** How many watches are open on each kind that has any. */
    watched: (): Readonly<Record<string, number>> =>
      Object.fromEntries(
        world.registry
          .resources()
          .filter(({ watchers }) => watchers > 0)
          .map(({ definition, watchers }) => [definition.resource, watchers]),
      ),
  };
}

const NETWORK_POLICIES: ResourceType<KubeObject & { readonly spec: object }> = {
  group: "networking.k8s.io",
  version: "v1",
  resource: "networkpolicies",
  kind: "NetworkPolicy",
  namespaced: true,
};

test("an idle cluster has one watch on each kind that a part of it looks at or of which there are objects, and no other", async () => {
  await using cluster = await idleCluster();
  const watched = cluster.watched();
  // What a new controller looks at belongs here, too.
  assert.deepEqual(Object.keys(watched).sort(), [
    "configmaps",
    "controllerrevisions",
    "cronjobs",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "daemonsets",
    "deployments",
    "endpoints",
    "endpointslices",
    "horizontalpodautoscalers",
    "ipaddresses",
    "jobs",
    "leases",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "pods",
    "priorityclasses",
    "replicasets",
    "replicationcontrollers",
    "secrets",
    "serviceaccounts",
    "servicecidrs",
    "services",
    "statefulsets",
    "storageclasses",
    "volumeattachments",
    "volumeattributesclasses",
  ]);
  assert.deepEqual(new Set(Object.values(watched)), new Set([1]));
});

test("a kind is watched from its first object on, and its objects are collected like any others", async () => {
  await using cluster = await idleCluster();
  const { client, clock } = cluster;
  const metadata = { namespace: "default", name: "owner" };
  const owner = await client.create(NETWORK_POLICIES, { metadata, spec: { podSelector: {} } });
  await clock.advance(100);
  assert.equal(cluster.watched()["networkpolicies"], 1);
  const reference = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: "owner" };
  await client.create(CONFIG_MAPS, {
    metadata: {
      namespace: "default",
      name: "dependent",
      ownerReferences: [{ ...reference, uid: owner.metadata.uid! }],
    },
  });
  await clock.advance(1000);
  await client.delete(NETWORK_POLICIES, metadata);
  await clock.advance(1000);
  const gone = client.get(CONFIG_MAPS, { namespace: "default", name: "dependent" });
  await assert.rejects(gone, (error) => hasReason(error, "NotFound"));
});

test("a namespace goes with what is in it, and kinds without objects are not asked about", async () => {
  await using cluster = await idleCluster();
  const { client, clock } = cluster;
  await client.create(NAMESPACES, { metadata: { name: "shop" } });
  await client.create(NETWORK_POLICIES, { metadata: { namespace: "shop", name: "p" }, spec: { podSelector: {} } });
  const metadata = { labels: { app: "web" } };
  await client.create(DEPLOYMENTS, {
    metadata: { namespace: "shop", name: "web" },
    spec: {
      selector: { matchLabels: metadata.labels },
      template: { metadata, spec: { containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  await clock.advance(5000);
  await client.delete(NAMESPACES, { namespace: "", name: "shop" });
  await clock.advance(120_000);
  const gone = client.get(NAMESPACES, { namespace: "", name: "shop" });
  await assert.rejects(gone, (error) => hasReason(error, "NotFound"));
  const empty = (await client.discovery.resources())
    .filter((resource) => resource.empty)
    .map(({ resource }) => resource);
  for (const name of ["ingresses", "roles", "horizontalpodautoscalers"]) assert.ok(empty.includes(name), name);
});
