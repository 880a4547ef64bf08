export {
  BUILT_IN_INDEXES,
  orphanLabelKey,
  type Cache,
  type Change,
  type IndexFunction,
  type Listener,
} from "./cache.ts";
export { createCaches, type CachesOptions, type SharedCaches } from "./caches.ts";
export { createRecorder, referenceTo, type EventRecorder, type RecorderOptions } from "./events/recorder.ts";
export type * from "./port.ts";
export { revisionOf } from "./resource-version.ts";
export { patchStatus, retryOnConflict, updateStatus } from "./write-helpers.ts";
export * from "./http/index.ts";
