export { formatDuration, humanDuration, parseDuration } from "./duration.ts";
export { formatMicroTime, formatTime, parseTime } from "./timestamp.ts";
export { formatTimeIn, isTimeZone, zoneOffset } from "./zone.ts";
