export { HOST_ADDRESS, nodeAddressOf } from "./addresses.ts";
export {
  describeSimulatedNode,
  startSimulatedNodes,
  type SimulatedNodes,
  type SimulatedNodesOptions,
} from "./nodes.ts";
export { createSimulatedRuntime, type SimulatedTimes } from "./runtime.ts";
export { createSimulatedVolumes } from "./volumes.ts";
