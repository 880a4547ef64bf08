/** Fields that no manager owns. */
import { matching, setOf, subtractDeep, type FieldSet } from "./field-set.ts";

/** What the server itself keeps; only these very fields, not what is below them. */
export const STRIPPED: FieldSet = setOf(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ["metadata", "name"],
  ["metadata", "namespace"],
  ["metadata", "creationTimestamp"],
  ["metadata", "selfLink"],
  ["metadata", "uid"],
  ["metadata", "clusterName"],
  ["metadata", "generation"],
  ["metadata", "managedFields"],
  ["metadata", "resourceVersion"],
);

type Paths = readonly (readonly string[])[];

/** What a request cannot write, and so never owns. Hand in the same lists every time: what is made of them is kept. */
export interface ResetFields {
  /** Paths that are reset to their stored value, with all below them (upstream GetResetFields): `[["status"]]`. */
  readonly reset?: Paths;
  /**
   * Only what is at and below these paths is written (upstream GetResetFieldsFilter); `*` is any field or item:
   * `[["spec", "containers", "*", "resources"]]`.
   */
  readonly only?: Paths;
}

const resets = new WeakMap<Paths, FieldSet>();

/** The set of the paths that are reset. Made once per list. */
export function resetSet({ reset }: ResetFields): FieldSet | undefined {
  if (!reset || reset.length === 0) return undefined;
  const known = resets.get(reset);
  if (known) return known;
  const set = setOf(...reset);
  resets.set(reset, set);
  return set;
}

/** What of a set a request can own. */
export function writable(set: FieldSet, fields: ResetFields): FieldSet {
  const reset = resetSet(fields);
  const rest = reset ? subtractDeep(set, reset) : set;
  return fields.only ? matching(rest, fields.only) : rest;
}
