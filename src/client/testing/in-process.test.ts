import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, metadataOnly } from "#objects";
import { ADMIN, openApiServer, STRANGER } from "./api-server.ts";
import { clientConformance } from "./conformance.ts";

clientConformance("in-process", async () => {
  const { server, clock, serveWidgets, forget, close } = await openApiServer();
  return {
    client: server.client(ADMIN, "conformance"),
    stranger: server.client(STRANGER),
    clock,
    serveWidgets,
    forget,
    dispose: close,
  };
});

test("in process, nothing is copied to show metadata alone, or to show it to several", async () => {
  const { server, close } = await openApiServer();
  const client = server.client(ADMIN);
  const whole = await client.create(CONFIG_MAPS, { metadata: { namespace: "default", name: "a" } });
  assert.equal(await client.get(CONFIG_MAPS, { namespace: "default", name: "a" }), whole);
  const partial = await client.get(metadataOnly(CONFIG_MAPS), { namespace: "default", name: "a" });
  assert.equal(partial.metadata, whole.metadata);
  const { items } = await client.list(metadataOnly(CONFIG_MAPS));
  assert.equal(items[0]?.metadata, whole.metadata);
  await close();
});

test("in process, discovery tells which kinds have no objects", async () => {
  const { server, close } = await openApiServer();
  const client = server.client(ADMIN);
  const empty = async () => {
    const resources = await client.discovery.resources();
    return resources.find(({ group, resource }) => group === "" && resource === "configmaps")?.empty;
  };
  assert.equal(await empty(), true);
  const told = Promise.withResolvers<void>();
  client.discovery.onChange(told.resolve);
  await client.create(CONFIG_MAPS, { metadata: { namespace: "default", name: "a" } });
  await told.promise;
  assert.equal(await empty(), undefined);
  await close();
});
