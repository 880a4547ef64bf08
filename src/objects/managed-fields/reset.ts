/** Fields that are nobody's. */
import { setOf, type FieldSet } from "./field-set.ts";

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

const resets = new WeakMap<readonly (readonly string[])[], FieldSet>();

/** Paths that a request does not write, with all below them: `[["status"]]`. Made once per list. */
export function resetSet(paths: readonly (readonly string[])[] | undefined): FieldSet | undefined {
  if (!paths || paths.length === 0) return undefined;
  const known = resets.get(paths);
  if (known) return known;
  const set = setOf(...paths);
  resets.set(paths, set);
  return set;
}
