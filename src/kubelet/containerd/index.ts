export { openCri, type Cri } from "./cri/services.ts";
export { daemonPid, startContainerd, type Containerd, type ContainerdOptions } from "./daemon/daemon.ts";
export { connectContainerd } from "./daemon/given.ts";
export { writeRegistrySettings } from "./daemon/registry-settings.ts";
export { tarArchive, type TarEntry } from "./pause/tar.ts";
export type { Architecture } from "./pause/program.ts";
export type { ContainerdRuntimeOptions, NetworkHook } from "./runtime/options.ts";
export { createContainerdRuntime, type ContainerdRuntime } from "./runtime/runtime.ts";
export {
  describeMachine,
  detectRuntime,
  machineAddress,
  measure,
  missingText,
  SHARED_MACHINE_THRESHOLDS,
  startNodeMonitor,
  useSystemPath,
} from "./machine/index.ts";
export { probeOverNetwork, runNetworkHook } from "./probe/index.ts";
export { openPodCgroups, type PodCgroups } from "./cgroups/index.ts";
export { watchManifests } from "./manifests/index.ts";
