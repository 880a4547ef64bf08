import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom, createScope, silentLog } from "#base";
import { createCaches, type Client } from "#client";
import {
  CLUSTER_TRUST_BUNDLES,
  CONFIG_MAPS,
  NAMESPACES,
  RUNTIME_CLASSES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { createTestWorld } from "../testing/world.ts";
import { createSources } from "./api-sources.ts";
import { WatchedObjects } from "./watched.ts";

async function createSourcesWorld() {
  const world = await createTestWorld({ nodes: 0 });
  const { client, clock } = world;
  const scope = createScope("sources");
  const options = { client, clock, random: createRandom(1), log: silentLog, scope };
  return {
    ...options,
    options,
    async [Symbol.asyncDispose]() {
      await scope.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

const metadata = (name: string, namespace = "default") => ({ name, namespace });
const inOrder = (a: string, b: string) => (a < b ? -1 : 1);
const key = (name: string) => ({ namespace: "default", name });

describe("objects that pods refer to", () => {
  test("each object has one watch, for as long as a pod needs it", async () => {
    await using world = await createSourcesWorld();
    const watched = new WatchedObjects(world.options);
    let changes = 0;
    const first = watched.acquire(CONFIG_MAPS, "default", "a", () => changes++);
    const second = watched.acquire(CONFIG_MAPS, "default", "a", () => {});
    const other = watched.acquire(SECRETS, "default", "a", () => {});
    assert.equal(watched.size, 2);
    assert.equal(await first.read(), undefined);
    await world.client.create(CONFIG_MAPS, { metadata: metadata("a"), data: { k: "1" } });
    await world.client.create(CONFIG_MAPS, { metadata: metadata("b"), data: { k: "1" } });
    await world.clock.runUntil(() => changes > 0, 10_000);
    assert.equal(changes, 1);
    assert.deepEqual((await second.read())?.data, { k: "1" });
    first.release();
    first.release();
    other.release();
    assert.equal(watched.size, 1);
    assert.deepEqual((await second.read())?.data, { k: "1" });
    second.release();
    assert.equal(watched.size, 0);
  });

  test("an API that does not answer is not waited for without end", async () => {
    await using world = await createSourcesWorld();
    const silent: Client = {
      ...world.client,
      async *watch(_type, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield [];
      },
    };
    const watched = new WatchedObjects({ ...world.options, client: silent });
    const message = "failed to sync configmap cache: timed out waiting for the condition";
    const refused = assert.rejects(watched.acquire(CONFIG_MAPS, "default", "a", () => {}).read(), { message });
    await world.clock.advance(5_000);
    await refused;
  });

  test("a pod's sources tell of changes until they are closed", async () => {
    await using world = await createSourcesWorld();
    const sources = createSources(world.options).of(podOf({ containers: [container("web")] }));
    let changes = 0;
    sources.onChange(() => changes++);
    assert.equal(await sources.configMap("a"), undefined);
    await world.client.create(CONFIG_MAPS, { metadata: metadata("a"), data: { k: "1" } });
    await world.clock.runUntil(() => changes === 1, 10_000);
    await world.client.patch(CONFIG_MAPS, key("a"), { type: "merge", body: { data: { k: "2" } } });
    await world.clock.runUntil(() => changes === 2, 10_000);
    assert.deepEqual((await sources.configMap("a"))?.data, { k: "2" });
    sources.close();
    await assert.rejects(sources.configMap("a"));
    await world.client.delete(CONFIG_MAPS, key("a"));
    await world.clock.advance(1_000);
    assert.equal(changes, 2);
  });
});

test("the Services of a pod are those of its namespace and the API's, and an error before they have been read", async () => {
  await using world = await createSourcesWorld();
  await world.client.create(NAMESPACES, { metadata: { name: "other" } });
  const ports = [{ port: 80 }];
  for (const [namespace, name] of [
    ["default", "kubernetes"],
    ["default", "web"],
    ["other", "theirs"],
  ] as const) {
    await world.client.create(SERVICES, { metadata: metadata(name, namespace), spec: { ports } });
  }
  const caches = createCaches(world.options);
  const sources = createSources({ ...world.options, services: caches.of(SERVICES) });
  assert.throws(() => sources.services("default"), {
    message: "services have not yet been read at least once, cannot construct envvars",
  });
  await caches.whenSynced();
  const namesIn = (namespace: string) =>
    [...(sources.services(namespace) ?? [])].map(({ metadata: { name = "" } }) => name).toSorted(inOrder);
  assert.deepEqual(namesIn("default"), ["kubernetes", "web"]);
  assert.deepEqual(namesIn("other"), ["kubernetes", "theirs"]);
  assert.equal(createSources(world.options).services("default"), undefined);
});

test("a RuntimeClass is looked up anew each time, and refused in upstream's words when it is not there", async () => {
  await using world = await createSourcesWorld();
  const sources = createSources(world.options).of(podOf({ containers: [container("main")] }));
  const handler = () => sources.runtimeHandler("sandboxed");
  await assert.rejects(handler(), { message: 'runtimeclass.node.k8s.io "sandboxed" not found' });
  await world.client.create(RUNTIME_CLASSES, { metadata: { name: "sandboxed" }, handler: "gvisor" });
  assert.equal(await handler(), "gvisor");
});

test("a token is asked for with the pod it is bound to", async () => {
  await using world = await createSourcesWorld();
  const asked: unknown[] = [];
  const client = {
    ...world.client,
    createSubresource: (...request: unknown[]) => {
      asked.push(request);
      return Promise.resolve({
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {},
        spec: { audiences: ["vault"], expirationSeconds: 700 },
        status: { token: "t", expirationTimestamp: "2026-01-01T00:10:00Z" },
      });
    },
  };
  const pod = podOf({ containers: [container("web")], serviceAccountName: "robot" });
  const token = await createSources({ ...world.options, client })
    .of(pod)
    .token({ audiences: ["vault"], expirationSeconds: 700 });
  const expiresAt = Date.UTC(2026, 0, 1, 0, 10);
  assert.deepEqual(token, { token: "t", issuedAt: expiresAt - 700_000, expiresAt });
  assert.deepEqual(asked, [
    [
      SERVICE_ACCOUNTS,
      { namespace: "default", name: "robot" },
      "token",
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: ["vault"],
          expirationSeconds: 700,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "web", uid: "u1" },
        },
      },
    ],
  ]);
});

describe("ClusterTrustBundles", () => {
  const spec = { trustBundle: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
  /** A client of an API server that serves them in this version alone, or not at all. */
  const serving = (client: Client, version: string | undefined, asked: string[]): Client => ({
    ...client,
    discovery: {
      ...client.discovery,
      find: async (wanted) => {
        const { group, resource } = CLUSTER_TRUST_BUNDLES;
        assert.deepEqual(wanted, { group, resource });
        return version === undefined ? undefined : client.discovery.find({ ...wanted, version });
      },
    },
    watch(type, options) {
      asked.push(type.version);
      return client.watch(type, options);
    },
  });

  for (const version of ["v1beta1", "v1alpha1"]) {
    test(`are read in ${version} where that is what the API server serves`, async () => {
      await using world = await createSourcesWorld();
      await world.client.create(CLUSTER_TRUST_BUNDLES, { metadata: { name: "roots" }, spec });
      const asked: string[] = [];
      const client = serving(world.client, version, asked);
      const sources = createSources({ ...world.options, client }).of(podOf({ containers: [container("a")] }));
      assert.deepEqual(
        (await sources.trustBundles()).map(({ metadata }) => metadata.name),
        ["roots"],
      );
      assert.deepEqual([...new Set(asked)], [version]);
      sources.close();
    });
  }

  test("are refused in upstream's words where the API server does not serve them", async () => {
    await using world = await createSourcesWorld();
    const asked: string[] = [];
    const client = serving(world.client, undefined, asked);
    const sources = createSources({ ...world.options, client }).of(podOf({ containers: [container("a")] }));
    await assert.rejects(sources.trustBundles(), {
      message: "ClusterTrustBundle projection is not supported in static kubelet mode",
    });
    assert.deepEqual(asked, [], "no kind is watched that is not served");
    sources.close();
  });
});
