export { KUBERNETES_VERSION as VERSION } from "#apiserver";
export {
  createLog,
  createRandom,
  createVirtualClock,
  type Clock,
  type Log,
  type Random,
  type VirtualClock,
} from "#base";
export type { Client } from "#client";
export { parseRegistryAuthority, parseRegistryMirror, type RegistrySettings } from "#kubelet";
export { parseFeatureGates, parseRuntimeConfig } from "#registry";
export type { Cluster } from "./cluster.ts";
export { connectCluster, type ConnectOptions, type RemoteCluster } from "./connect.ts";
export { commandFor, defaultDataDir, shellWord } from "./data-dir/command-line.ts";
export { dataFile, hasTexts } from "./data-dir/files.ts";
export { mayHaveContainers } from "./data-dir/kept-runtime.ts";
export { announceRunning, findRunning, forgetRunning, type RunningCluster } from "./data-dir/running.ts";
export { clusterStatus, readAccess, type ClusterStatus } from "./data-dir/status.ts";
export { ImageError } from "./images/ctr.ts";
export type { LocalImage } from "./images/listing.ts";
export { localImages, type LocalImages } from "./images/local-images.ts";
export { CorruptKubeconfig, kubeconfigFor, type ClusterAccess } from "./kubeconfig/document.ts";
export {
  checkKubeconfig,
  mergeKubeconfig,
  unmergeKubeconfig,
  type KubeconfigTarget,
  type Merged,
} from "./kubeconfig/file.ts";
export { StartError, type ClusterOptions } from "./options.ts";
export { purgeNode } from "./purge.ts";
export { startCluster } from "./start.ts";
export { KNARR_VERSION } from "./version.ts";
