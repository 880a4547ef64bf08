import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, PODS, SECRETS } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { allow, ANY_KIND, UndeclaredAccess, type Access } from "./access.ts";
import { defineController, type Sync } from "./definition.ts";
import { itself, watch, type KeysOf } from "./watch.ts";
import type { ConfigMap } from "#objects";

const controller = (sync: Sync, writes: readonly Access[] = [], keys: KeysOf<ConfigMap> = itself) =>
  defineController({ name: "test-controller", watches: [watch(CONFIG_MAPS, keys)], writes, start: () => sync });

const metadata = { namespace: "a", name: "x" };
const pod = { metadata, spec: { containers: [] } };

/** What the controller is refused when it has a config map to sync. */
async function refused(definition: ReturnType<typeof controller>): Promise<string | undefined> {
  await using world = await createTestWorld([definition]);
  await world.client.create(CONFIG_MAPS, { metadata });
  try {
    await world.settle();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof UndeclaredAccess);
    return error.message;
  }
}

for (const [what, sync, message] of [
  ["a kind that it writes and does not declare", (_, { client }) => client.create(PODS, pod), '"create" on pods'],
  ["a verb", (_, { client }) => client.delete(CONFIG_MAPS, metadata), '"delete" on configmaps'],
  [
    "a subresource",
    (_, { client }) => client.patch(PODS, metadata, { type: "merge", body: {} }, { subresource: "status" }),
    '"patch/status" on pods',
  ],
  [
    "the cache of a kind that it does not watch",
    async (_, { caches }) => void caches.of(SECRETS),
    '"watch" on secrets',
  ],
  ["a list of such a kind", (_, { client }) => client.list(SECRETS), '"list" on secrets'],
] as const satisfies readonly (readonly [string, (...args: Parameters<Sync>) => Promise<unknown>, string])[]) {
  test(`a controller is refused ${what}`, async () => {
    const definition = controller(async (...args) => void (await sync(...args)));
    assert.equal(await refused(definition), `test-controller does not declare ${message}`);
  });
}

test("what wakes a key may read only what is declared", async () => {
  const definition = controller(
    async () => {},
    [],
    (_, caches) => [...caches.of(SECRETS).list()].map(() => "key"),
  );
  assert.equal(await refused(definition), 'test-controller does not declare "watch" on secrets');
});

test("a controller may do what it declares, for one kind or for any", async () => {
  const sync: Sync = async (_, { client }) => void (await client.create(PODS, pod));
  assert.equal(await refused(controller(sync, [allow(PODS, "create")])), undefined);
  assert.equal(await refused(controller(sync, [allow(ANY_KIND, "create")])), undefined);
});

test("a definition that names a kind twice is refused", () => {
  assert.throws(
    () => controller(async () => {}, [allow(PODS, "create"), allow(PODS, "delete")]),
    /test-controller declares pods twice/,
  );
});

test("what a controller remembers is made anew for each life", async () => {
  const lives: number[] = [];
  const counting = defineController({
    name: "test-controller",
    watches: [watch(CONFIG_MAPS, itself)],
    writes: [],
    start() {
      let seen = 0;
      return async () => void lives.push(++seen);
    },
  });
  for (let life = 0; life < 2; life++) {
    await using world = await createTestWorld([counting]);
    await world.client.create(CONFIG_MAPS, { metadata });
    await world.settle();
  }
  assert.deepEqual(lives, [1, 1]);
});
