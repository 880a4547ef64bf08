import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CONFIG_MAPS, NAMESPACES, NODES, SECRETS, type KubeObject, type OwnerReference } from "#objects";
import type { FakeClient } from "#simulation";
import { createTestWorld } from "../testing/world.ts";
import { garbageCollector } from "./controller.ts";

const TYPES = [CONFIG_MAPS, SECRETS, NAMESPACES, NODES];

const NAMESPACED = [CONFIG_MAPS, SECRETS];

/** Where an object is to be made, and what it says of its owners. */
interface Made {
  readonly type: number;
  readonly namespace: string;
  readonly owners: readonly {
    /** Counted back from the object; beyond the first: one that never was. */
    readonly back: number;
    readonly wrong: "nothing" | "name" | "kind";
  }[];
}

const made: fc.Arbitrary<Made> = fc.record({
  type: fc.integer({ min: 0, max: TYPES.length - 1 }),
  namespace: fc.constantFrom("a", "b"),
  owners: fc.uniqueArray(
    fc.record({
      back: fc.integer({ min: 1, max: 5 }),
      wrong: fc.oneof(
        { weight: 3, arbitrary: fc.constant("nothing" as const) },
        { weight: 1, arbitrary: fc.constantFrom("name" as const, "kind" as const) },
      ),
    }),
    { maxLength: 3, selector: ({ back }) => back },
  ),
});

const keyFor = ({ metadata }: KubeObject) => ({ namespace: metadata.namespace ?? "", name: metadata.name ?? "" });

async function make(client: FakeClient, plans: readonly Made[]): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const [at, { type: index, namespace, owners }] of plans.entries()) {
    const type = TYPES[index]!;
    const ownerReferences = owners.map(({ back, wrong }): OwnerReference => {
      const owner = objects[at - back];
      const { kind = "ConfigMap", metadata: { name = "never", uid = `never-${back}` } = {} } = owner ?? {};
      return {
        apiVersion: "v1",
        kind: wrong !== "kind" ? kind : kind === "Secret" ? "ConfigMap" : "Secret",
        name: wrong === "name" ? `not-${name}` : name,
        uid,
      };
    });
    const place = type.namespaced ? { namespace } : {};
    objects.push(await client.create(type, { metadata: { name: `object-${at}`, ...place, ownerReferences } }));
  }
  return objects;
}

/** Which of the objects are to be left, by what owner references mean: found by going over them until nothing changes. */
function survivors(objects: readonly KubeObject[], deleted: ReadonlySet<string>): Set<string> {
  const left = new Map(objects.map((object) => [object.metadata.uid ?? "", object]));
  for (const uid of deleted) left.delete(uid);
  const isThere = ({ kind, name, uid }: OwnerReference, namespace: string) => {
    const owner = left.get(uid);
    if (owner?.kind !== kind || owner.metadata.name !== name) return false;
    return owner.metadata.namespace === undefined || owner.metadata.namespace === namespace;
  };
  const goes = ({ metadata: { namespace = "", ownerReferences = [] } }: KubeObject) => {
    if (ownerReferences.length === 0) return false;
    if (namespace === "" && ownerReferences.some(({ kind }) => NAMESPACED.some((type) => type.kind === kind))) {
      return false;
    }
    return !ownerReferences.some((reference) => isThere(reference, namespace));
  };
  for (;;) {
    const going = [...left].filter(([, object]) => goes(object));
    if (going.length === 0) return new Set(left.keys());
    for (const [uid] of going) left.delete(uid);
  }
}

async function check(plans: readonly Made[], deleted: readonly number[], startsEarly: boolean): Promise<void> {
  const objects: KubeObject[] = [];
  const prepare = async (client: FakeClient) => void objects.push(...(await make(client, plans)));
  await using world = await createTestWorld([garbageCollector()], startsEarly ? undefined : prepare, TYPES);
  if (startsEarly) await prepare(world.client);
  const gone = new Set<string>();
  for (const index of deleted) {
    const object = objects[index % objects.length];
    const type = TYPES.find(({ kind }) => kind === object?.kind);
    if (!object || !type || !world.client.all(type).some(({ metadata }) => metadata.uid === object.metadata.uid))
      continue;
    world.client.remove(type, keyFor(object));
    gone.add(object.metadata.uid ?? "");
  }
  await world.settle(60_000);
  const left = TYPES.flatMap((type) => world.client.all<KubeObject>(type));
  const names = (uids: Iterable<string>) =>
    [...uids].map((uid) => objects.find(({ metadata }) => metadata.uid === uid)?.metadata.name ?? uid).sort();
  assert.deepEqual(names(left.map(({ metadata }) => metadata.uid ?? "")), names(survivors(objects, gone)));
}

test("whatever references say, exactly those objects go that have owners and none of them left", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(made, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      fc.boolean(),
      check,
    ),
    { numRuns: 150 },
  );
});

test("a cluster-scoped object outlives the namespaced owner that it names, and an Event says what is wrong", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  const secret = await client.create(SECRETS, { metadata: { namespace: "default", name: "token" } });
  const { uid = "" } = secret.metadata;
  const ownerReferences = [{ apiVersion: "v1", kind: "Secret", name: "token", uid }];
  await client.create(NAMESPACES, { metadata: { name: "precious", ownerReferences } });
  await world.settle();
  client.remove(SECRETS, { namespace: "default", name: "token" });
  await world.settle(60_000);
  assert.deepEqual(
    client.all(NAMESPACES).map(({ metadata }) => metadata.name),
    ["precious"],
  );
  assert.deepEqual(world.events(), [
    `Warning OwnerRefInvalidNamespace ownerRef [v1/Secret, namespace: , name: token, uid: ${uid}] does not exist in namespace ""`,
  ]);
});

test("an object whose owner is in another namespace goes at once, and an Event says why", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  const { uid = "" } = (await client.create(CONFIG_MAPS, { metadata: { namespace: "a", name: "owner" } })).metadata;
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
  await client.create(CONFIG_MAPS, { metadata: { namespace: "b", name: "stray", ownerReferences } });
  await world.settle();
  assert.deepEqual(
    client.all(CONFIG_MAPS).map(({ metadata }) => metadata.name),
    ["owner"],
  );
  assert.deepEqual(world.events(), [
    `Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: b, name: owner, uid: ${uid}] does not exist in namespace "b"`,
  ]);
});

test("nothing is deleted for an owner of a kind, or of a version, that is not served", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  for (const [name, apiVersion] of Object.entries({ widget: "example.org/v1", version: "v2" })) {
    const ownerReferences = [{ apiVersion, kind: "ConfigMap", name: "owner", uid: name }];
    await client.create(CONFIG_MAPS, { metadata: { namespace: "a", name, ownerReferences } });
  }
  await world.settle(60_000);
  assert.equal(client.all(CONFIG_MAPS).length, 2);
});

test("a foreground deletion ends when the last dependent that blocks it is gone", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  const owner = await client.create(CONFIG_MAPS, {
    metadata: { namespace: "a", name: "owner", finalizers: ["foregroundDeletion"] },
  });
  const reference = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid ?? "" };
  const held = { finalizers: ["example.org/hold"], ownerReferences: [{ ...reference, blockOwnerDeletion: true }] };
  await client.create(CONFIG_MAPS, { metadata: { namespace: "a", name: "blocking", ...held } });
  await client.delete(CONFIG_MAPS, { namespace: "a", name: "owner" });
  await world.settle(10_000);
  assert.equal(client.all(CONFIG_MAPS).length, 2);
  const blocking = { namespace: "a", name: "blocking" };
  await client.patch(CONFIG_MAPS, blocking, { type: "merge", body: { metadata: { finalizers: null } } });
  await world.settle();
  assert.deepEqual(client.all(CONFIG_MAPS), []);
});

test("a kind that is no longer served is followed no more, and nothing is deleted for it", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  const owner = await client.create(SECRETS, { metadata: { namespace: "a", name: "owner" } });
  const ownerReferences = [{ apiVersion: "v1", kind: "Secret", name: "owner", uid: owner.metadata.uid ?? "" }];
  await client.create(CONFIG_MAPS, { metadata: { namespace: "a", name: "owned", ownerReferences } });
  await world.settle();
  client.serve(TYPES.filter((type) => type !== SECRETS));
  await world.settle(60_000);
  let asked = 0;
  client.before = (verb, { resource }) => {
    if (resource === "secrets" && ["list", "watch"].includes(verb)) asked++;
  };
  client.breakWatches();
  client.edit(CONFIG_MAPS, { namespace: "a", name: "owned" }, (draft) => {
    draft.metadata.labels = { seen: "again" };
  });
  await world.settle(3600_000);
  assert.equal(asked, 0, "nothing watches it");
  assert.equal(client.all(CONFIG_MAPS).length, 1, "whether its owner is there cannot be known");

  client.serve(TYPES);
  await world.settle(60_000);
  assert.ok(asked > 0, "it is followed again");
  assert.equal(client.all(CONFIG_MAPS).length, 1, "its owner is there");
  client.remove(SECRETS, { namespace: "a", name: "owner" });
  await world.settle(60_000);
  assert.equal(client.all(CONFIG_MAPS).length, 0, "its owner is gone");
});

test("an owner that waits for its dependents does not wait for a kind that is gone", async () => {
  await using world = await createTestWorld([garbageCollector()], undefined, TYPES);
  const { client } = world;
  const owner = await client.create(CONFIG_MAPS, { metadata: { namespace: "a", name: "owner" } });
  const ownerReferences = [
    { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid ?? "", blockOwnerDeletion: true },
  ];
  const finalizers = ["example.com/stays"];
  await client.create(SECRETS, { metadata: { namespace: "a", name: "owned", ownerReferences, finalizers } });
  await world.settle();
  await client.delete(CONFIG_MAPS, { namespace: "a", name: "owner" }, { propagationPolicy: "Foreground" });
  await world.settle(60_000);
  assert.equal(client.all(CONFIG_MAPS).length, 1, "its dependent is still there");
  client.serve(TYPES.filter((type) => type !== SECRETS));
  await world.settle(60_000);
  assert.equal(client.all(CONFIG_MAPS).length, 0);
});
