import { after, before } from "node:test";
import { createTestNamespace, type TestNamespace } from "../equipment/network-namespace.ts";
import { startRegistry, type TestRegistry } from "../equipment/registry.ts";
import { startUnderTest, type ClusterUnderTest } from "./cluster-under-test.ts";

export interface RealCluster {
  readonly namespace: TestNamespace;
  readonly registry: TestRegistry;
  readonly cluster: ClusterUnderTest;
}

/** A cluster with real containers for the cases of a `describe`: started before them, taken away after them. */
export function useRealCluster(): RealCluster {
  let namespace: TestNamespace | undefined;
  let registry: TestRegistry | undefined;
  let cluster: ClusterUnderTest | undefined;
  before(async () => {
    namespace = await createTestNamespace();
    registry = await startRegistry(namespace);
    cluster = await startUnderTest({ real: { namespace, registry } });
  });
  after(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
  });
  return {
    get namespace() {
      return namespace!;
    },
    get registry() {
      return registry!;
    },
    get cluster() {
      return cluster!;
    },
  };
}
