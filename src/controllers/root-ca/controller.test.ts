import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, NAMESPACES } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { rootCaPublisher } from "./controller.ts";

test("the authority comes back whatever a client does to it", async () => {
  await using world = await createTestWorld([rootCaPublisher("PEM")]);
  const { client } = world;
  const at = { namespace: "shop", name: "kube-root-ca.crt" };
  await client.create(NAMESPACES, { metadata: { name: "shop" } });
  await world.settle();
  await client.delete(CONFIG_MAPS, at);
  await world.settle();
  assert.deepEqual((await client.get(CONFIG_MAPS, at)).data, { "ca.crt": "PEM" });
  await client.patch(CONFIG_MAPS, at, {
    type: "merge",
    body: { metadata: { annotations: null }, data: { more: "x" } },
  });
  await world.settle();
  const { data, metadata } = await client.get(CONFIG_MAPS, at);
  assert.deepEqual(data, { "ca.crt": "PEM" });
  assert.ok(metadata.annotations?.["kubernetes.io/description"]);
});
