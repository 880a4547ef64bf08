import type { Quantity, QuantityFormat } from "./model.ts";

const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMERIC_WRONG = "unable to parse numeric part of quantity";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
/** Powers of two. */
const BINARY_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);

/** Exponents beyond this are refused: the exact number would not fit into memory. */
const MAX_EXPONENT = 4096;
const MAX_DIGITS = 4096;
/** Digits that surely fit into 64 bits. */
const SAFE_DIGITS = 18;
const NANO = -9;
const MAX_INT64 = 2n ** 63n - 1n;

const shape = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function interpret(suffix: string): Suffix {
  const decimal = DECIMAL_SUFFIXES.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "DecimalSI" };
  const binary = BINARY_SUFFIXES.get(suffix);
  if (binary !== undefined) return { base: 2, exponent: binary, format: "BinarySI" };
  if (/^[eE][+-]?[0-9]+$/.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) <= MAX_EXPONENT) return { base: 10, exponent, format: "DecimalExponent" };
  }
  throw new Error(SUFFIX_WRONG);
}

/** Reads a quantity as upstream's ParseQuantity does, with its rounding to billionths and its cap on binary ones. */
export function parse(text: string): Quantity {
  if (text === "" || text.length > MAX_DIGITS) throw new Error(FORMAT_WRONG);
  const match = shape.exec(text);
  if (!match) throw new Error(FORMAT_WRONG);
  const [, sign, whole = "", fraction = "", suffixText = ""] = match;
  const { base, exponent, format } = interpret(suffixText);
  const integerPart = whole === "" ? "0" : whole;
  const digits = integerPart + fraction;
  const negative = sign === "-";
  const unsigned = BigInt(digits);

  // Numbers that upstream keeps in 64 bits are written again as they were read when they look canonical.
  const small =
    base === 10
      ? SAFE_DIGITS - digits.length >= 0
      : fraction === "" && 15 - integerPart.length - Math.trunc((exponent * 3) / 10) - 1 >= 0;
  const decimalScale = (base === 10 ? exponent : 0) - fraction.length;
  if (small && decimalScale >= NANO) {
    const magnitude = base === 10 ? unsigned : unsigned << BigInt(exponent);
    if (magnitude <= MAX_INT64) {
      const canonical =
        base === 2
          ? (unsigned & 7n) !== 0n
          : decimalScale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
      const unscaled = negative ? -magnitude : magnitude;
      return { unscaled, scale: decimalScale, format, ...(canonical ? { text } : {}) };
    }
  }
  if (!/[0-9]/.test(text.slice(0, text.length - suffixText.length))) throw new Error(NUMERIC_WRONG);

  let magnitude = base === 10 ? unsigned : unsigned << BigInt(exponent);
  let scale = decimalScale;
  if (scale < NANO) {
    // A little is never rounded down to nothing.
    const divisor = 10n ** BigInt(NANO - scale);
    magnitude = (magnitude + divisor - 1n) / divisor;
    scale = NANO;
  }
  const one = scale < 0 ? 10n ** BigInt(-scale) : 1n;
  let written = format;
  if (format === "BinarySI") {
    if (magnitude > MAX_INT64 * one) {
      magnitude = MAX_INT64;
      scale = 0;
    } else if (magnitude < one && magnitude > 0n) written = "DecimalSI";
  }
  return { unscaled: negative ? -magnitude : magnitude, scale, format: written };
}
