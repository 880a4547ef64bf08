export { bootstrap } from "./bootstrap.ts";
export { composeCluster, type ClusterParts, type ComposedCluster, type NodeAccess, type Serving } from "./compose.ts";
export { startControlLoops } from "./control-loops.ts";
export { createControlPlane, type ControlPlane } from "./control-plane.ts";
export type { NodePool, NodesContext, RunningNodes } from "./nodes.ts";
export type { SigningKey } from "./service-account-tokens.ts";
export { simulatedNodes } from "./simulated-nodes.ts";
export { StartError } from "./start-error.ts";
export { ADMIN, CONTROLLER_MANAGER, KUBELET, SCHEDULER } from "./users.ts";
