export { runNetworkHook, type HookTarget, type OnFallback } from "./hook.ts";
export { probeOverNetwork, type NetworkProbeContext, type ProbeTarget } from "./probe.ts";
