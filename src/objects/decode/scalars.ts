import { int64 } from "../int64.ts";
import { canonicalQuantity } from "../quantity/index.ts";
import type { Scalar } from "../schema/model.ts";
import { formatDuration, parseDuration, parseTime } from "../time/index.ts";

/** What a scalar's value becomes when it is as it should be; undefined when the exact decoder has to look at it. */
export function plainScalar(value: unknown, scalar: Scalar): unknown {
  switch (scalar) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "int32":
      return isInt32(value) ? value + 0 : undefined;
    case "int64":
      return typeof value === "number" && Number.isSafeInteger(value) ? value + 0 : bigintOrNothing(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    case "int-or-string":
      return typeof value === "string" || isInt32(value) ? value : undefined;
    case "bytes":
      return typeof value === "string" && isBase64(value) ? value : undefined;
    case "time":
      return typeof value === "string" ? canonicalTime(value, false) : undefined;
    case "micro-time":
      return typeof value === "string" ? canonicalTime(value, true) : undefined;
    case "quantity":
      return typeof value === "string" || typeof value === "number" ? quantityOrNothing(value) : undefined;
    case "duration":
      return typeof value === "string" ? durationOrNothing(value) : undefined;
  }
}

/** Beyond 2^53; what comes from a patch may also be beyond 2^63. */
const bigintOrNothing = (value: unknown) =>
  typeof value === "bigint" && BigInt.asIntN(64, value) === value ? int64(value) : undefined;

const isInt32 = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

/** In the one form that bytes have: the bits that the last character has too many are zero. */
const base64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;
const isBase64 = (text: string) => text.length % 4 === 0 && base64.test(text);
const looseBase64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Only times that are canonical already; whatever else Go takes for a time is left to the exact decoder. */
const timeShape = /^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z$/;

function canonicalTime(text: string, micro: boolean): string | undefined {
  const match = timeShape.exec(text);
  if (!match || (match[1] !== undefined) !== micro) return undefined;
  return ordinaryTime.test(text) || parseTime(text) !== undefined ? text : undefined;
}

/** Days that all months have, and times that all days have: nothing has to be computed to tell that they exist. */
const ordinaryTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d[.Z]/;

function quantityOrNothing(value: string | number): string | undefined {
  try {
    return canonicalQuantity(value);
  } catch {
    return undefined;
  }
}

function durationOrNothing(value: string): string | undefined {
  try {
    return formatDuration(parseDuration(value));
  } catch {
    return undefined;
  }
}

const ALPHABET = /[A-Za-z0-9+/]/;

/** Base64 without line breaks, or Go's complaint about it (encoding/base64 CorruptInputError). */
export function checkBase64(text: string): { readonly text: string } | { readonly error: string } {
  const stripped = text.replaceAll(/[\r\n]/g, "");
  if (stripped.length % 4 === 0 && looseBase64.test(stripped)) return { text: btoa(atob(stripped)) };
  return { error: `illegal base64 data at input byte ${base64ErrorOffset(text)}` };
}

/** Counts bytes of UTF-8, line breaks included, to the first character that cannot be where it is. */
function base64ErrorOffset(text: string): number {
  let inGroup = 0;
  let offset = 0;
  for (const char of text) {
    const at = offset;
    offset += char.codePointAt(0)! < 0x80 ? 1 : new TextEncoder().encode(char).length;
    if (char === "\n" || char === "\r") continue;
    if (ALPHABET.test(char)) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (char !== "=" || inGroup < 2) return at;
    return paddingErrorOffset(text, at, inGroup);
  }
  // What is missing is missing at the end of the last group.
  return offset - inGroup;
}

function paddingErrorOffset(text: string, first: number, inGroup: number): number {
  const rest = text.slice(first + 1).replace(/^[\r\n]*/, "");
  const skipped = text.length - rest.length;
  if (inGroup === 3) return rest === "" ? first : skipped;
  if (rest === "") return text.length;
  return rest.startsWith("=") ? skipped + 1 : skipped - 1;
}
