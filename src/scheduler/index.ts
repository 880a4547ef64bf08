export { decide, type Decision, type DecideOptions, type Diagnosis } from "./decide.ts";
export { PodInfo } from "./model/pod-info.ts";
export { defaultPlugins, type Plugins } from "./plugins/default-plugins.ts";
export type { FilterPlugin, PreparedFilter, PreparedScore, Refusal, ScorePlugin } from "./plugins/plugin.ts";
export { startScheduler, type Scheduler, type SchedulerOptions } from "./scheduler.ts";
export { Snapshot, type ClusterView } from "./snapshot/snapshot.ts";
