export { describeMachine, type MachineOptions } from "./describe.ts";
export { detectRuntime, type DetectionOptions } from "./detect.ts";
export { startNodeMonitor, type MonitorOptions } from "./monitor.ts";
export { measure, type WatchedFolders } from "./read.ts";
export { missingText, type RuntimeDetection } from "./requirements.ts";
export type { RuntimeCondition } from "./runtime-state.ts";
export type { Thresholds } from "./thresholds.ts";
