/** `BinarySI` 12Mi, `DecimalSI` 12M, `DecimalExponent` 12e6: how a quantity is written. */
export type QuantityFormat = "BinarySI" | "DecimalSI" | "DecimalExponent";

/** The exact value `unscaled * 10 ** scale`. Immutable. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text it was read from, when upstream would write the same again. */
  readonly text?: string;
}
