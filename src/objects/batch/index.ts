export { countIndexes } from "./completion-indexes.ts";
export { scheduleProblem } from "./cron-schedule.ts";
