export { allow } from "./access.ts";
export { candidates, claim, settleClaim, type Claim } from "./claim.ts";
export {
  defineController,
  syncByPlan,
  type ControllerContext,
  type ControllerDefinition,
  type Plan,
  type Sync,
  type SyncContext,
  type SyncResult,
} from "./definition.ts";
export { allOf, slowStart, type Failure } from "./parallel.ts";
export { createPod, deletePod, isNamespaceTerminating, podFromTemplate } from "./pod-control.ts";
export { inDeletionOrder } from "./pod-ranking.ts";
export { runControllers, type RunningController, type RunOptions } from "./run.ts";
export { adopter, anyOf, matcherOf, matcherOfSet } from "./selector.ts";
export {
  controllerOf,
  controllerReference,
  itself,
  owner,
  ownerKey,
  refersTo,
  watch,
  type KeysOf,
  type Watch,
} from "./watch.ts";
