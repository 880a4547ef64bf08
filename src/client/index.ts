export { orphanLabelKey, type Cache, type Change, type IndexFunction, type Listener } from "./cache.ts";
export { createCaches, type CachesOptions, type SharedCaches } from "./caches.ts";
export { referenceTo } from "./events/name.ts";
export { createRecorder, type EventRecorder, type RecorderOptions } from "./events/recorder.ts";
export {
  createSeriesRecorder,
  type ActionEvent,
  type SeriesRecorder,
  type SeriesRecorderOptions,
} from "./events/series-recorder.ts";
export {
  groupsIn,
  servedApi,
  type AggregatedDiscovery,
  type ApiGroup,
  type ApiResource,
  type ApiSubresource,
  type ApiVersion,
  type Discovery,
  type ServedApi,
  type WantedResource,
} from "./discovery.ts";
export type * from "./port.ts";
export { revisionOf } from "./resource-version.ts";
export {
  getScale,
  patchScale,
  retryOnConflict,
  retryThroughOutage,
  updateScale,
  updateStatus,
} from "./write-helpers.ts";
export * from "./http/index.ts";
