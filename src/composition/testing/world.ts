import { versionInfo } from "#apiserver";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createMemoryStore } from "#store/memory";
import { composeCluster, type ClusterParts } from "../compose.ts";
import { simulatedNodes } from "../simulated-nodes.ts";
import { ADMIN } from "../users.ts";

/**
 * A cluster of two simulated nodes over a store in memory, and its administrator's client. Its virtual time passes by
 * itself until `advancing` is stopped, and while it shuts down.
 */
export async function createCompositionWorld(parts: Partial<ClusterParts> = {}) {
  const clock = createVirtualClock();
  const scope = createScope("test");
  const store = createMemoryStore({ clock });
  scope.defer(() => store.close());
  const advancing = clock.autoAdvance();
  const cluster = await composeCluster({
    store,
    nodes: simulatedNodes({ count: 2, times: { sandbox: 0, pull: 0, start: 0 } }),
    authority: () => Promise.resolve("-----BEGIN CERTIFICATE-----"),
    signingKey: () => Promise.reject(new Error("no token is asked for here")),
    version: versionInfo({ knarr: "test", platform: "test/test", runtime: "test" }),
    clock,
    random: createRandom(1),
    log: silentLog,
    scope,
    ...parts,
  });
  return {
    ...cluster,
    clock,
    advancing,
    client: cluster.apiServer.client(ADMIN),
    async [Symbol.asyncDispose]() {
      advancing.stop();
      const closing = clock.autoAdvance();
      await scope.close();
      closing.stop();
    },
  };
}
