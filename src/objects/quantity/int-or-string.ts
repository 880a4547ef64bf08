/** Numbers that may be percentages: maxSurge, maxUnavailable, minAvailable (apimachinery util/intstr). */

export type IntOrString = number | string;

/** Go's strconv.Atoi: a whole number with an optional sign. */
function atoi(text: string, shown: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new Error(`invalid value ${shown}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = BigInt(text.replace(/^\+/, ""));
  if (BigInt.asIntN(64, value) !== value) {
    throw new Error(`invalid value ${shown}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(value);
}

/**
 * The number, or the percentage of `total` rounded up or down. Throws an Error with upstream's text when a string
 * is no percentage (GetScaledValueFromIntOrPercent).
 */
export function scaledValue(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) throw new Error("nil value for IntOrString");
  if (typeof value === "number") return value;
  try {
    if (!value.endsWith("%")) throw new Error("invalid type: string is not a percentage");
    const percent = atoi(value.slice(0, -1), JSON.stringify(value));
    const scaled = (percent * total) / 100;
    return roundUp ? Math.ceil(scaled) : Math.floor(scaled);
  } catch (error) {
    throw new Error(`invalid value for IntOrString: ${(error as Error).message}`, { cause: error });
  }
}

/** A whole number as such, anything else as it is (intstr.Parse). */
export function parseIntOrString(text: string): IntOrString {
  if (!/^[+-]?[0-9]{1,10}$/.test(text)) return text;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31 ? value : text;
}

/** Whether a value is a percentage, and of how much. */
export function percentOf(value: IntOrString): number | undefined {
  return typeof value === "string" && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}
