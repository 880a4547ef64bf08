/** For tests: a built-in definition by its kind. */
import { assert } from "#base";
import type { Conversion, ServedVersion } from "../../contract.ts";
import type { ResourceDefinition } from "../../definition.ts";
import { BUILT_IN_KINDS } from "../index.ts";

export function kind(name: string, all: readonly ResourceDefinition[] = BUILT_IN_KINDS): ResourceDefinition {
  const found = all.find((definition) => definition.kind === name);
  assert(found, `${name} is a built-in kind`);
  return found;
}

/** A version's conversion in this process. */
export function locally(version: ServedVersion | undefined): Extract<Conversion, { readonly type: "local" }> {
  assert(version?.conversion?.type === "local", "it is converted in this process");
  return version.conversion;
}
