import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { CONFIG_MAPS, invalidObject, PODS, type ConfigMap, type Pod } from "#objects";
import { createFakeClient } from "#simulation";
import { createCaches } from "./caches.ts";
import type { Change } from "./cache.ts";

const NS = "default";
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  metadata: { namespace: NS, name, labels },
  data,
});

async function world() {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const client = createFakeClient({ clock, random });
  const scope = createScope("test");
  const caches = createCaches({ client, scope, clock, random, log: silentLog });
  return { clock, client, scope, caches, [Symbol.asyncDispose]: () => scope.close() };
}

test("a cache shows what was there, then every change, once and in order", async () => {
  await using w = await world();
  await w.client.create(CONFIG_MAPS, configMap("a"));
  const cache = w.caches.of(CONFIG_MAPS);
  assert.equal(cache.synced, false);
  await cache.whenSynced();
  const seen: string[] = [];
  cache.subscribe(({ type, object }: Change<ConfigMap>) => seen.push(`${type} ${object.metadata.name}`));
  await w.client.create(CONFIG_MAPS, configMap("b"));
  await w.client.update(CONFIG_MAPS, { ...cache.get("default/a")!, data: { x: "1" } });
  await w.client.delete(CONFIG_MAPS, { namespace: NS, name: "b" });
  await w.clock.runUntil(() => cache.hasSeen(w.client.revision));
  assert.deepEqual(seen, ["added a", "added b", "modified a", "deleted b"]);
  assert.deepEqual(
    [...cache.list()].map(({ metadata }) => metadata.name),
    ["a"],
  );
});

test("one cache for a kind, another for a selection of it", async () => {
  await using w = await world();
  assert.equal(w.caches.of(PODS), w.caches.of(PODS));
  assert.notEqual(w.caches.of(PODS), w.caches.of(PODS, { fieldSelector: "spec.nodeName=n1" }));
});

test("an object that enters or leaves a selection is added or deleted", async () => {
  await using w = await world();
  const cache = w.caches.of(PODS, { fieldSelector: "spec.nodeName=n1" });
  await cache.whenSynced();
  await w.client.create(PODS, { metadata: { namespace: NS, name: "p" }, spec: { containers: [] } });
  const bind = (nodeName: string) => {
    w.client.edit(PODS, { namespace: NS, name: "p" }, (draft) => {
      draft.spec = { containers: [], nodeName };
    });
  };
  assert.equal(cache.size, 0);
  bind("n1");
  await w.clock.runUntil(() => cache.size === 1);
  bind("n2");
  await w.clock.runUntil(() => cache.size === 0);
});

test("indexes follow the objects: by namespace, controller, orphans' labels, and one of one's own", async () => {
  await using w = await world();
  const cache = w.caches.of(PODS);
  cache.addIndex("node", (pod) => pod.spec?.nodeName);
  await cache.whenSynced();
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: "u1", controller: true };
  await w.client.create(PODS, {
    metadata: { namespace: NS, name: "owned", ownerReferences: [owner] },
    spec: { containers: [], nodeName: "n1" },
  });
  await w.client.create(PODS, {
    metadata: { namespace: NS, name: "orphan", labels: { app: "web" } },
    spec: { containers: [] },
  });
  await w.clock.runUntil(() => cache.size === 2);
  const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
  assert.deepEqual(names(cache.index("controller", "u1")), ["owned"]);
  assert.deepEqual(names(cache.index("orphan", NS)), ["orphan"]);
  assert.deepEqual(names(cache.index("orphan-label", "default/app=web")), ["orphan"]);
  assert.deepEqual(names(cache.index("node", "n1")), ["owned"]);
  assert.equal(cache.count("namespace", NS), 2);
  w.client.edit(PODS, { namespace: NS, name: "owned" }, (draft) => {
    delete draft.metadata.ownerReferences;
    draft.spec = { containers: [], nodeName: "n2" };
  });
  await w.clock.runUntil(() => cache.count("node", "n2") === 1);
  assert.deepEqual(names(cache.index("controller", "u1")), []);
  assert.deepEqual(names(cache.index("node", "n1")), []);
  assert.deepEqual(new Set(names(cache.index("orphan", NS))), new Set(["orphan", "owned"]));
  assert.throws(() => cache.index("nothing", "x"), /has no index nothing/);
});

test("the metadata of a kind that is no longer served is dropped, and nothing asks for it any more", async () => {
  await using w = await world();
  await w.client.create(CONFIG_MAPS, configMap("a"));
  const whole = w.caches.of(PODS);
  const dropped = w.caches.ofMetadata(CONFIG_MAPS);
  await Promise.all([whole.whenSynced(), dropped.whenSynced()]);
  let asked = 0;
  w.client.before = (verb, { resource }) => {
    if (resource === "configmaps" && ["list", "watch"].includes(verb)) asked++;
  };
  const heard: string[] = [];
  dropped.subscribe(({ object }) => heard.push(object.metadata.name ?? ""), { replay: false });
  w.caches.dropMetadata(CONFIG_MAPS);
  w.caches.dropMetadata(PODS);
  w.client.breakWatches();
  await w.client.create(CONFIG_MAPS, configMap("b"));
  await w.client.create(PODS, { metadata: { namespace: NS, name: "p" }, spec: { containers: [] } });
  await w.clock.advance(3600_000);
  assert.deepEqual([asked, heard], [0, []]);
  assert.equal(whole.size, 1, "the whole cache of a kind goes on");
  const again = w.caches.ofMetadata(CONFIG_MAPS);
  await again.whenSynced();
  assert.deepEqual([again === dropped, again.size], [false, 2]);
});

test("a broken watch resumes without gap or repetition", async () => {
  await using w = await world();
  const cache = w.caches.of(CONFIG_MAPS);
  await cache.whenSynced();
  const seen: string[] = [];
  cache.subscribe(({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
  await w.client.create(CONFIG_MAPS, configMap("a"));
  await w.clock.runUntil(() => cache.size === 1);
  w.client.breakWatches();
  await w.client.create(CONFIG_MAPS, configMap("b"));
  await w.clock.runUntil(() => cache.size === 2);
  assert.deepEqual(seen, ["added a", "added b"]);
  assert.deepEqual(w.client.writes, ["create configmaps default/a", "create configmaps default/b"]);
});

test("after 410 a list tells what was missed: deletions, changes, and an object made anew under its name", async () => {
  await using w = await world();
  const cache = w.caches.of(CONFIG_MAPS);
  for (const name of ["gone", "changed", "renewed", "same"]) await w.client.create(CONFIG_MAPS, configMap(name));
  await cache.whenSynced();
  await w.clock.runUntil(() => cache.size === 4);
  const seen: string[] = [];
  cache.subscribe(({ type, object }) => seen.push(`${type} ${object.metadata.name}`), { replay: false });

  // The server is away while things change.
  w.client.before = (verb) => {
    if (verb === "watch" || verb === "list") throw new Error("connection refused");
  };
  w.client.breakWatches();
  await w.clock.advance(1);
  w.client.remove(CONFIG_MAPS, { namespace: NS, name: "gone" });
  w.client.edit(CONFIG_MAPS, { namespace: NS, name: "changed" }, (draft) => {
    draft.data = { x: "1" };
  });
  w.client.remove(CONFIG_MAPS, { namespace: NS, name: "renewed" });
  await w.client.create(CONFIG_MAPS, configMap("renewed"));
  w.client.breakWatches({ forget: true });
  w.client.before = undefined;

  await w.clock.runUntil(() => cache.hasSeen(w.client.revision));
  assert.deepEqual(seen.toSorted(), ["added renewed", "deleted gone", "deleted renewed", "modified changed"]);
});

test("whenSeen resolves when the cache shows the write", async () => {
  await using w = await world();
  const cache = w.caches.of(CONFIG_MAPS);
  await cache.whenSynced();
  const created = await w.client.create(CONFIG_MAPS, configMap("a"));
  const { resourceVersion = "" } = created.metadata;
  assert.equal(cache.hasSeen(resourceVersion), false);
  await cache.whenSeen(resourceVersion);
  assert.equal(cache.get("default/a"), created, "the very object that the API answered with, no copy");
});

test("closing the scope ends the watches and all waiting", async () => {
  const w = await world();
  const cache = w.caches.of(CONFIG_MAPS);
  await cache.whenSynced();
  const waiting = cache.whenSeen(1_000_000);
  await Promise.all([w.scope.close(), assert.rejects(waiting, /closed/)]);
});

test("a relist swaps the cache in one step: a listener sees all of it at the first change that it is told", async () => {
  await using w = await world();
  const cache = w.caches.of(CONFIG_MAPS);
  for (let i = 0; i < 2500; i++) await w.client.create(CONFIG_MAPS, configMap(`a${i}`, {}, { round: "1" }));
  await cache.whenSynced();
  await w.clock.runUntil(() => cache.hasSeen(w.client.revision));
  cache.addIndex("round", ({ metadata }) => metadata.labels?.round);
  assert.equal(cache.count("round", "1"), 2500);
  w.client.before = (verb) => {
    if (verb === "watch") throw new Error("connection refused");
  };
  w.client.breakWatches();
  await w.clock.advance(1);
  for (const { metadata } of w.client.all(CONFIG_MAPS)) {
    const key = { namespace: NS, name: metadata.name! };
    if (metadata.name === "a7") w.client.remove(CONFIG_MAPS, key);
    else {
      w.client.edit(CONFIG_MAPS, key, (draft) => {
        draft.metadata.labels = { round: "2" };
      });
    }
  }
  const states = new Set<string>();
  const late: string[] = [];
  let told = 0;
  cache.subscribe(
    () => {
      states.add(`${cache.size} ${cache.count("round", "1")} ${cache.count("round", "2")}`);
      if (++told === 1) cache.subscribe(({ type }) => late.push(type));
    },
    { replay: false },
  );
  w.client.breakWatches({ forget: true });
  w.client.before = undefined;
  await w.clock.runUntil(() => cache.hasSeen(w.client.revision));
  assert.equal(told, 2500);
  assert.deepEqual([...states], ["2499 0 2499"]);
  assert.equal(late.length, 2499, "one that comes in between is told of each object once");
});

test("a server that cannot stream a list is listed", async () => {
  await using w = await world();
  await w.client.create(CONFIG_MAPS, configMap("a"));
  const asked: string[] = [];
  w.client.before = (verb) => {
    asked.push(verb);
    if (asked.length === 1) throw invalidObject("meta.k8s.io", "ListOptions", "", []);
  };
  const cache = w.caches.of(CONFIG_MAPS);
  await cache.whenSynced();
  assert.equal(cache.size, 1);
  await w.clock.advance(1);
  assert.deepEqual(asked, ["watch", "list", "watch"]);
});
