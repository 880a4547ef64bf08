import { KUBERNETES_VERSION } from "#apiserver";
import { HOST_ADDRESS, startSimulatedNodes } from "#kubelet/simulated";
import type { ClusterOptions } from "../options.ts";
import type { NodeRuntime } from "./runtime.ts";

/** Nodes whose containers are timers. */
export function simulatedRuntime(options: ClusterOptions, notes: readonly string[]): NodeRuntime {
  const { nodes = 1, simulatedTimes } = options;
  return {
    name: "simulated",
    notes,
    count: nodes,
    advertised: HOST_ADDRESS,
    prepare: () => Promise.resolve(),
    begin() {},
    abandon: () => Promise.resolve(),
    async start(context) {
      const simulated = await startSimulatedNodes({
        ...context,
        count: nodes,
        kubeletVersion: KUBERNETES_VERSION,
        ...(simulatedTimes ? { times: simulatedTimes } : {}),
      });
      return { kubelets: simulated.kubelets, add: async () => (await simulated.add()).nodeName };
    },
  };
}
