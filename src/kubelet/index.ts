export { feedPods, type PodFeed } from "./feed.ts";
export { ClaimError, volumeSpecOf, type BoundVolume, type VolumeSpec } from "./claims.ts";
export { expand } from "./environment/expand.ts";
export type { Shortage } from "./node/shortage.ts";
export { metadataField } from "./environment/fields.ts";
export { fileResource, type Quantities } from "./environment/resources.ts";
export type { RegistryCredentials } from "./images/docker-config.ts";
export { SHARED_MACHINE_POLICY } from "./images/collection.ts";
export { createPullQueue } from "./images/pull-queue.ts";
export { ensureImageExists, requestedImageName, type PullContext } from "./images/pull.ts";
export { createPullRecords, digestOf, type RecordsFile } from "./images/pull-records.ts";
export {
  parseRegistryAuthority,
  parseRegistryMirror,
  registryHostFiles,
  type RegistrySettings,
} from "./images/registry-hosts.ts";
export { startKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
export type { KubeletStreams } from "./streams.ts";
export { renderLog, type LogFormat } from "./logs/render.ts";
export type { NodeDescription } from "./node/describe.ts";
export { dottedSysctl } from "./node/sysctls.ts";
export type { NodeHealth, NodeMonitor } from "./node/health.ts";
export * from "./runtime.ts";
export { uidOnNode } from "./static/annotations.ts";
export { staticPod, type Manifest } from "./static/manifest.ts";
export type { StaticPodSource } from "./static/static-pods.ts";
export type { IssuedToken, PodSources, Sources } from "./sources.ts";
export { createSources, type ApiSourcesOptions } from "./sources/api-sources.ts";
export { MountError, type VolumeFailure, type Volumes, type VolumesListener } from "./volumes.ts";
