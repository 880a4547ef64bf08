import { createApiServer, versionInfo, type ApiServer } from "#apiserver";
import { authenticators, authorizers, privilegedGroup, staticTokens } from "#auth";
import { createRandom, createVirtualClock, silentLog, type VirtualClock } from "#base";
import type { UserInfo } from "#http";
import { NAMESPACES, schemaOf } from "#objects";
import { builtInKinds, createRegistry, type Registry, type ResourceDefinition } from "#registry";
import { createMemoryStore } from "#store/memory";
import { NS } from "./suite.ts";

export const ADMIN: UserInfo = { username: "admin", groups: ["system:masters"] };
export const STRANGER: UserInfo = { username: "stranger", groups: [] };

const widgets: ResourceDefinition = {
  group: "example.com",
  resource: "widgets",
  singular: "widget",
  kind: "Widget",
  namespaced: true,
  storageVersion: "v1",
  versions: [{ version: "v1", schema: schemaOf("io.k8s.api.core.v1.ConfigMap") }],
};

/** A real API server over a store in memory; the tokens `admin` and `stranger` are known. */
export interface TestApiServer {
  readonly server: ApiServer;
  readonly registry: Registry;
  readonly clock: VirtualClock;
  serveWidgets(served: boolean): void;
  forget(): Promise<void>;
  close(): Promise<void>;
}

export async function openApiServer(): Promise<TestApiServer> {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const store = createMemoryStore({ clock });
  // A short ring: what the store has forgotten the watches have, too.
  const common = { clock, random, log: silentLog };
  const registry = await createRegistry({ definitions: builtInKinds(), store, ringSize: 2, ...common });
  const server = createApiServer({
    registry,
    ...common,
    authenticator: authenticators(staticTokens({ admin: ADMIN, stranger: STRANGER })),
    authorizer: authorizers(privilegedGroup()),
    version: versionInfo({ knarr: "0.0.0", platform: "linux/amd64", runtime: "test 1" }),
  });
  await server.client(ADMIN).create(NAMESPACES, { metadata: { name: NS } });
  return {
    server,
    registry,
    clock,
    serveWidgets(served) {
      if (served) registry.add(widgets);
      else registry.remove(widgets.group, widgets.resource);
    },
    forget: () => store.compact(store.revision),
    async close() {
      await registry.close();
      await store.close();
    },
  };
}
