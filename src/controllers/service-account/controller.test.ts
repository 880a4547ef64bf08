import assert from "node:assert/strict";
import { test } from "node:test";
import { forbiddenError, NAMESPACES, SERVICE_ACCOUNTS } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { serviceAccountController } from "./controller.ts";

test("a namespace gets its account, and another when a client deletes it", async () => {
  await using world = await createTestWorld([serviceAccountController]);
  const { client } = world;
  await client.create(NAMESPACES, { metadata: { name: "shop" } });
  await world.settle();
  await client.delete(SERVICE_ACCOUNTS, { namespace: "shop", name: "default" });
  await world.settle();
  assert.deepEqual(
    client.all(SERVICE_ACCOUNTS).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ["shop/default"],
  );
});

test("an account that a quota forbids is made once the quota allows it", async () => {
  await using world = await createTestWorld([serviceAccountController]);
  const { client } = world;
  let full = true;
  client.before = (verb, type, { name }) => {
    if (full && verb === "create" && type.resource === "serviceaccounts") {
      throw forbiddenError(type, name, "exceeded quota: accounts");
    }
  };
  await client.create(NAMESPACES, { metadata: { name: "shop" } });
  await world.settle();
  assert.deepEqual(client.all(SERVICE_ACCOUNTS), []);
  full = false;
  await world.settle(60_000);
  assert.equal(client.all(SERVICE_ACCOUNTS).length, 1);
});
