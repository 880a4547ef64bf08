/**
 * Amounts of resources (apimachinery api/resource): exact decimal numbers with a suffix, `100m`, `1.5Gi`, `12e6`.
 */
import { Memo } from "../memo.ts";
import { canonicalText } from "./format.ts";
import type { Quantity, QuantityFormat } from "./model.ts";
import { parse } from "./parse.ts";

const POWERS = Array.from({ length: 64 }, (_, i) => 10n ** BigInt(i));
const pow10 = (exponent: number): bigint => POWERS[exponent] ?? 10n ** BigInt(exponent);

/** Few different texts are read very often: `100m`, `128Mi`. */
const parsed = new Memo<Quantity>(4096, 1 << 16);
const MAX_KEPT_LENGTH = 32;

/** The same characters in memory of their own: what was cut out of a longer text holds all of that in V8. */
const withoutParent = (text: string): string => JSON.parse(JSON.stringify(text)) as string;

/** Reads a quantity, of a string or a JSON number. Throws an Error with upstream's text. */
export function parseQuantity(value: string | number): Quantity {
  const text = typeof value === "number" ? String(value) : value.trim();
  const known = parsed.get(text);
  if (known) return known;
  if (text.length > MAX_KEPT_LENGTH) return Object.freeze(parse(text));
  const own = withoutParent(text);
  const quantity = Object.freeze(parse(own));
  parsed.set(own, quantity);
  return quantity;
}

/** A whole number. */
export const quantityOf = (value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity => ({
  unscaled: BigInt(value),
  scale: 0,
  format,
});

/** A whole number of thousandths. */
export const milliQuantityOf = (value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity => ({
  unscaled: BigInt(value),
  scale: -3,
  format,
});

/** The text that upstream would write. */
export const formatQuantity = (quantity: Quantity): string => quantity.text ?? canonicalText(quantity);

/** A quantity's text in the form that upstream would store it. Throws like {@link parseQuantity}. */
export const canonicalQuantity = (value: string | number): string => formatQuantity(parseQuantity(value));

/** Both numbers at the smaller of the two scales. */
function aligned(a: Quantity, b: Quantity): [bigint, bigint, number] {
  if (a.scale === b.scale) return [a.unscaled, b.unscaled, a.scale];
  return a.scale > b.scale
    ? [a.unscaled * pow10(a.scale - b.scale), b.unscaled, b.scale]
    : [a.unscaled, b.unscaled * pow10(b.scale - a.scale), a.scale];
}

/** Below, equal to or above zero as a is to b. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The sum; a zero takes over the other's format. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const [left, right, scale] = aligned(a, b);
  return { unscaled: left + right, scale, format: a.unscaled === 0n ? b.format : a.format };
}

/** The difference; a zero takes over the other's format. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  const [left, right, scale] = aligned(a, b);
  return { unscaled: left - right, scale, format: a.unscaled === 0n ? b.format : a.format };
}

export const multiplyQuantity = ({ unscaled, scale, format }: Quantity, factor: number | bigint): Quantity => ({
  unscaled: unscaled * BigInt(factor),
  scale,
  format,
});

export const negateQuantity = ({ unscaled, scale, format }: Quantity): Quantity => ({
  unscaled: -unscaled,
  scale,
  format,
});

/** -1, 0 or 1. */
export const quantitySign = ({ unscaled }: Quantity): number => (unscaled < 0n ? -1 : unscaled > 0n ? 1 : 0);

/** The value as a multiple of `10 ** scale`, rounded away from zero: exact. */
export function scaledQuantity(quantity: Quantity, scale: number): bigint {
  const { unscaled } = quantity;
  if (quantity.scale >= scale) return unscaled * pow10(quantity.scale - scale);
  const divisor = pow10(scale - quantity.scale);
  const result = unscaled / divisor;
  if (result * divisor === unscaled) return result;
  return unscaled > 0n ? result + 1n : result - 1n;
}

/** Whole units, rounded away from zero. Exact up to 2^53. */
export const quantityValue = (quantity: Quantity): number => Number(scaledQuantity(quantity, 0));

/** Thousandths, rounded away from zero: CPU. Exact up to 2^53. */
export const quantityMilliValue = (quantity: Quantity): number => Number(scaledQuantity(quantity, -3));

/** The nearest floating point number. */
export const approximateQuantity = ({ unscaled, scale }: Quantity): number => Number(`${unscaled}e${scale}`);
