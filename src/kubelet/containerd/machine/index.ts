export { describeMachine, machineAddress } from "./describe.ts";
export { detectRuntime, useSystemPath } from "./detect.ts";
export { startNodeMonitor } from "./monitor.ts";
export { measure } from "./read.ts";
export { missingText } from "./requirements.ts";
export { SHARED_MACHINE_THRESHOLDS } from "./thresholds.ts";
