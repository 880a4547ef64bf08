import { rm } from "node:fs/promises";
import { startUnderTest, type ClusterUnderTest } from "../harness/cluster-under-test.ts";
import { leaksSince, tracesNow } from "./leaks.ts";
import { createTestNamespace, type TestNamespace } from "./network-namespace.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";

/** A cluster with real containers in a network of its own, and the images that it can pull. */
export interface RealCluster extends ClusterUnderTest {
  readonly namespace: TestNamespace;
  /** Stands in for docker.io: Pods say `nginx:1.29`, `test/server:1`. */
  readonly registry: TestRegistry;
  /** Ends the cluster with all it has; resolves to what is left of it on the machine, a line each. */
  end(): Promise<readonly string[]>;
}

export interface RealClusterOptions {
  /** More arguments of `knarr up`, after whatever they speak of has been started in the network. */
  readonly args?: (namespace: TestNamespace) => Promise<readonly string[]>;
}

/** Starts a cluster as a user would: `knarr up --runtime containerd`, with docker.io mirrored to a local registry. */
export async function startRealCluster(options: RealClusterOptions = {}): Promise<RealCluster> {
  const namespace = await createTestNamespace();
  let registry: TestRegistry | undefined;
  try {
    registry = await startRegistry(namespace);
    const before = await tracesNow({ dirs: [], namespace });
    const args = (await options.args?.(namespace)) ?? [];
    const cluster = await startUnderTest({ args, real: { namespace, registry } });
    return join(cluster, namespace, registry, before);
  } catch (error) {
    await registry?.[Symbol.asyncDispose]();
    await namespace[Symbol.asyncDispose]();
    throw error;
  }
}

function join(
  cluster: ClusterUnderTest,
  namespace: TestNamespace,
  registry: TestRegistry,
  before: ReadonlySet<string>,
): RealCluster {
  let ended: Promise<readonly string[]> | undefined;
  const end = async () => {
    try {
      await cluster[Symbol.asyncDispose]();
      return await leaksSince(before, { dirs: [cluster.dir], namespace });
    } finally {
      await registry[Symbol.asyncDispose]();
      await namespace[Symbol.asyncDispose]();
      await rm(cluster.dir, { recursive: true, force: true }).catch(() => {});
    }
  };
  return {
    ...cluster,
    namespace,
    registry,
    end: () => (ended ??= end()),
    async [Symbol.asyncDispose]() {
      await (ended ??= end());
    },
  };
}
