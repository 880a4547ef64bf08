import { after, before } from "node:test";
import { startRealCluster, type RealCluster } from "../equipment/real-cluster.ts";

/** A cluster with real containers for the cases of a `describe`: started before them, taken away after them. */
export function useRealCluster(): Pick<RealCluster, "namespace" | "registry"> & { readonly cluster: RealCluster } {
  let cluster: RealCluster | undefined;
  before(async () => {
    cluster = await startRealCluster();
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
  };
}
