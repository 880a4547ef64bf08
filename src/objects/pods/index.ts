export { findCondition, podCondition, withCondition } from "./conditions.ts";
export { hostPorts, hostPortsConflict, type HostPort } from "./host-ports.ts";
export { fullImageName, imageRepository, parseImageName } from "./image-name.ts";
export {
  availableInMs,
  containerStatuses,
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  isPodTerminating,
  isSidecar,
} from "./lifecycle.ts";
export { qosClass, type QosClass } from "./qos.ts";
export {
  amountsOf,
  isPodLevelResource,
  podLimits,
  podRequests,
  specRequests,
  type ResourceAmounts,
} from "./requests.ts";
export { toleratesTaint, untoleratedTaint } from "./taints.ts";
