export { countIndexes } from "./completion-indexes.ts";
export { scheduleProblem } from "./cron-schedule.ts";
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
