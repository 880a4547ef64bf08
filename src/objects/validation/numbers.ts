/** Numbers within bounds, in upstream's words; nothing when the value is fine. */
import type { Int64 } from "../int64.ts";
import { mismatch, mustBeBetween, wholly } from "./text.ts";

const OK: readonly string[] = Object.freeze([]);

export const MUST_NOT_BE_NEGATIVE = "must be greater than or equal to 0";

/** Both bounds belong to the range. */
export const inRange = (value: Int64, low: number, high: number): readonly string[] =>
  value >= low && value <= high ? OK : [mustBeBetween(low, high)];

/** 1 to 65535 */
export const portNumber = (value: number): readonly string[] => inRange(value, 1, 65535);

/** A user's or group's number: 0 to 2^31 - 1. */
export const unixId = (value: Int64): readonly string[] => inRange(value, 0, 2 ** 31 - 1);

const PERCENT = "[0-9]+%";
const percentRegExp = wholly(PERCENT);

export const percentString = (value: string): readonly string[] =>
  percentRegExp.test(value)
    ? OK
    : [mismatch("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, "1%", "93%")];
