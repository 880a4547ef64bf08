export * from "./contract.ts";
export { DEFAULT_HISTORY, type History, type HistoryLimits } from "./shared/retention.ts";

// What engines are made of.
export { checkCompaction, refusedRead, type ReadBounds } from "./shared/bounds.ts";
export { checkCommit, compareKeys, encodableBound, isKey, isWide } from "./shared/key.ts";
export { type CommitPlan, planCommit } from "./shared/plan-commit.ts";
export { compactionTarget, createCompactionTrigger } from "./shared/retention.ts";
export { createWatchHub, type HistoryReader, type WatchHub } from "./shared/watch-hub.ts";
