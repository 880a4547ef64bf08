import type { Quantity } from "./model.ts";

const DECIMAL_SUFFIXES: ReadonlyMap<number, string> = new Map([
  [-9, "n"],
  [-6, "u"],
  [-3, "m"],
  [0, ""],
  [3, "k"],
  [6, "M"],
  [9, "G"],
  [12, "T"],
  [15, "P"],
  [18, "E"],
]);
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** The number without its factors of `base`, and how many there were. */
function withoutFactors(value: bigint, base: bigint, max = Infinity): [bigint, number] {
  let times = 0;
  while (times < max && value !== 0n && value % base === 0n) {
    value /= base;
    times++;
  }
  return [value, times];
}

/**
 * The canonical text: no fraction, the largest suffix that allows that. Binary amounts below 1024 or with a
 * fraction are written as decimal ones.
 */
export function canonicalText({ unscaled, scale, format }: Quantity): string {
  if (unscaled === 0n) return "0";
  const one = scale < 0 ? 10n ** BigInt(-scale) : 1n;
  if (format === "BinarySI" && (scale >= 0 || unscaled % one === 0n)) {
    const value = scale >= 0 ? unscaled * 10n ** BigInt(scale) : unscaled / one;
    if (value <= -1024n || value >= 1024n) {
      const [mantissa, times] = withoutFactors(value, 1024n, BINARY_SUFFIXES.length - 1);
      return `${mantissa}${BINARY_SUFFIXES[times]}`;
    }
  }
  const [mantissa, times] = withoutFactors(unscaled, 10n);
  const exponent = scale + times;
  const spare = ((exponent % 3) + 3) % 3;
  const shown = `${mantissa * 10n ** BigInt(spare)}`;
  const power = exponent - spare;
  const suffix = format === "DecimalExponent" ? undefined : DECIMAL_SUFFIXES.get(power);
  // Upstream drops the exponent when it has no suffix for it (1000E); writing it keeps the value.
  return suffix === undefined ? `${shown}${power === 0 ? "" : `e${power}`}` : `${shown}${suffix}`;
}
