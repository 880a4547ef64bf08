import type { Taint, Toleration } from "../generated/types.ts";

/**
 * Whether a toleration covers a taint (core/v1 Toleration.ToleratesTaint): an empty effect or key covers all;
 * Exists needs no value.
 */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "") {
    case "":
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    case "Lt":
    case "Gt": {
      if (!isInteger(toleration.value) || !isInteger(taint.value)) return false;
      const bound = BigInt(toleration.value);
      const value = BigInt(taint.value);
      return toleration.operator === "Lt" ? value < bound : value > bound;
    }
    default:
      return false;
  }
}

const isInteger = (text: string | undefined): text is string => text !== undefined && /^-?\d+$/.test(text);

/** The first taint with one of the effects that nothing tolerates. */
export function untoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => toleratesTaint(toleration, taint)),
  );
}
