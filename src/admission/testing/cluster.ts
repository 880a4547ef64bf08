import assert from "node:assert/strict";
import { createApiServer, versionInfo } from "#apiserver";
import { authenticators, authorizers, privilegedGroup } from "#auth";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createCaches, type Client } from "#client";
import { NAMESPACES, SERVICE_ACCOUNTS, StatusError } from "#objects";
import { builtInKinds, createRegistry } from "#registry";
import { createMemoryStore } from "#store/memory";
import { builtInAdmission } from "../index.ts";

const ADMIN = { username: "admin", groups: ["system:masters"] };

/** An API server with every built-in plugin, the namespace and account `default`, on a virtual clock. */
export async function cluster(): Promise<AsyncDisposable & { readonly client: Client }> {
  const clock = createVirtualClock();
  const random = createRandom(3);
  const scope = createScope("test");
  const store = createMemoryStore({ clock });
  const registry = await createRegistry({ definitions: builtInKinds(), store, clock, random, log: silentLog });
  const server = createApiServer({
    registry,
    clock,
    random,
    authenticator: authenticators(),
    authorizer: authorizers(privilegedGroup()),
    version: versionInfo({ knarr: "0.0.0", platform: "x", runtime: "test 1" }),
    admission: (client) =>
      builtInAdmission({
        client,
        caches: createCaches({ client, scope, clock, random, log: silentLog }),
        clock,
        random,
      }),
  });
  const running = clock.autoAdvance();
  const client = server.client(ADMIN);
  await client.create(NAMESPACES, { metadata: { name: "default" } });
  await client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace: "default" } });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await scope.close();
      running.stop();
      await registry.close();
      await store.close();
    },
  };
}

/** A pod of one container. */
export const pod = (name: string, spec: object = {}, namespace = "default") => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: "c", image: "nginx" }], ...spec },
});

/** Whether an error is a StatusError with this message: for `assert.rejects`. */
export const message = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.message, expected);
  return true;
};
