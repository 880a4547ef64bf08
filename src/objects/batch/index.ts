export { countIndexes } from "./completion-indexes.ts";
export { parseCronSchedule, scheduleProblem, type CronSchedule } from "./cron-schedule.ts";
export { dueCronTimes, nextCronTime, type CronDue } from "./cron-times.ts";
export {
  countCommonIndexes,
  countIndexesIn,
  firstMissingIndexes,
  formatIndexRanges,
  hasIndex,
  indexRangesOf,
  mergeIndexRanges,
  parseIndexRanges,
  type IndexRange,
  type IndexRanges,
} from "./index-ranges.ts";
