export { runNetworkHook } from "./hook.ts";
export { probeOverNetwork } from "./probe.ts";
