export { HOST_ADDRESS } from "./addresses.ts";
export { startSimulatedNodes, type SimulatedNodes, type SimulatedNodesOptions } from "./nodes.ts";
export { createSimulatedRuntime, type SimulatedTimes } from "./runtime.ts";
