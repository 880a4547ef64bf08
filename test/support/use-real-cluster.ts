import { after, before } from "node:test";
import { startRealCluster, type RealCluster, type RealClusterOptions } from "./real-cluster.ts";
import type { Kubectl } from "./cluster-under-test.ts";

export interface UsedCluster extends Pick<RealCluster, "namespace" | "registry"> {
  readonly cluster: RealCluster;
  /** A namespace of its own with what the manifests say, once all pods in it are ready. */
  ready(namespace: string, ...manifests: readonly string[]): Promise<Kubectl>;
}

/** A cluster with real containers for the cases of a `describe`: started before them, removed after them. */
export function useRealCluster(options: RealClusterOptions = {}): UsedCluster {
  let cluster: RealCluster | undefined;
  before(async () => {
    cluster = await startRealCluster(options);
  });
  after(() => cluster?.[Symbol.asyncDispose]());
  return {
    get namespace() {
      return cluster!.namespace;
    },
    get registry() {
      return cluster!.registry;
    },
    get cluster() {
      return cluster!;
    },
    async ready(name, ...manifests) {
      const kubectl = await cluster!.inNamespace(name);
      await kubectl.apply(manifests.join("---"));
      await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
      return kubectl;
    },
  };
}
