import { KUBERNETES_VERSION } from "#apiserver";
import { HOST_ADDRESS, startSimulatedNodes, type SimulatedTimes } from "#kubelet/simulated";
import type { LocalVolumes } from "#controllers";
import type { NodePool } from "./nodes.ts";

export interface SimulatedNodePoolOptions {
  /** Default 1. */
  readonly count?: number;
  readonly times?: Partial<SimulatedTimes>;
  /** Told of the nodes that the objects knew beyond the count, and how many pods went with them. */
  readonly onRemoved?: (names: readonly string[], pods: number) => void;
}

/** Volumes of simulated nodes are nothing but objects: their paths are names, and nothing is written there. */
export const simulatedVolumes: LocalVolumes = {
  create: async (_node, volume) => `/var/lib/knarr/volumes/${volume}`,
  remove: async () => {},
};

/** Nodes whose containers are timers. */
export function simulatedNodes({ count = 1, times, onRemoved }: SimulatedNodePoolOptions = {}): NodePool {
  return {
    count,
    advertised: HOST_ADDRESS,
    // Nothing listens at their addresses.
    podsReachable: false,
    localVolumes: simulatedVolumes,
    begin() {},
    async start(context) {
      const nodes = await startSimulatedNodes({
        ...context,
        count,
        kubeletVersion: KUBERNETES_VERSION,
        ...(times ? { times } : {}),
        ...(onRemoved ? { onRemoved } : {}),
      });
      return { kubelets: nodes.kubelets, add: async () => (await nodes.add()).nodeName };
    },
  };
}
