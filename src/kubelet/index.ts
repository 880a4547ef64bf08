export { feedPods, type PodFeed } from "./feed.ts";
export { startKubelet, type Kubelet, type KubeletOptions, type KubeletStreams } from "./kubelet.ts";
export { renderLog, type LogFormat } from "./logs/render.ts";
export type { NodeDescription } from "./node/describe.ts";
export { WELL, type NodeHealth, type NodeMonitor } from "./node/health.ts";
export * from "./runtime.ts";
export type { IssuedToken, PodSources, Sources } from "./sources.ts";
export { createSources, type ApiSourcesOptions } from "./sources/api-sources.ts";
export { MountError, type VolumeFailure, type Volumes } from "./volumes.ts";
