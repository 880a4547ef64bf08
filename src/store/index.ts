export * from "./contract.ts";
export { DEFAULT_HISTORY, type History, type HistoryLimits } from "./shared/retention.ts";
