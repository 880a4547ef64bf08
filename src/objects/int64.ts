/**
 * Integers of 64 bits. An object holds one as a number as long as that is exact, up to 2^53, and beyond as a bigint:
 * ordinary numbers cost nothing, and TypeScript lets nothing compute with a field that may be either. Arithmetic
 * takes `Number(value)`, which is the nearest double.
 */
export type Int64 = number | bigint;

/** In the one form that it has in objects; what does not fit into 64 bits wraps, as in Go. */
export function int64(value: bigint): Int64 {
  const wrapped = BigInt.asIntN(64, value);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

/** The next generation of an object. */
export const nextGeneration = (value: Int64): Int64 => int64(BigInt(value) + 1n);

/**
 * JSON of a value in which there may be bigints, written with all their digits.
 *
 * @throws TypeError for a value that JSON cannot hold
 */
export function jsonText(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Few objects have one: the others are written by the engine alone.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, exactly, indent);
  }
}

const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

const exactly = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? rawJSON(String(value)) : value);

/** Where a text may have an integer beyond 2^53; it may also stand in a string. */
const manyDigits = /\d{16}/;
const integer = /^-?\d+$/;

/**
 * Parses JSON, integers beyond 2^53 exactly.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return manyDigits.test(text) ? (JSON.parse as ExactParse)(text, withBigints) : JSON.parse(text);
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
type ExactParse = (text: string, reviver: Reviver) => unknown;

const withBigints: Reviver = (_key, value, { source }) => {
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  if (!integer.test(source)) return value;
  const exact = BigInt(source);
  return BigInt.asIntN(64, exact) === exact ? exact : value;
};
