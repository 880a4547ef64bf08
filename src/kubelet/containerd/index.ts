export { openCri, type Cri } from "./cri/services.ts";
export type * from "./cri/messages.ts";
export { startContainerd, type Containerd, type ContainerdOptions } from "./daemon/daemon.ts";
export { findNetworkPlugins, findProgram } from "./daemon/machine.ts";
export { imageArchive, type ImageDescription } from "./pause/image.ts";
export { tarArchive, type TarEntry } from "./pause/tar.ts";
export type { Architecture } from "./pause/program.ts";
export type { Auth, ContainerdRuntimeOptions, NetworkHook } from "./runtime/options.ts";
export { createContainerdRuntime, type ContainerdRuntime } from "./runtime/runtime.ts";
