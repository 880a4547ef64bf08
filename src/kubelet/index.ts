export { startKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
export type { NodeDescription } from "./node/describe.ts";
export * from "./runtime.ts";
