/** For tests: a built-in definition by its kind. */
import { assert } from "#base";
import type { ResourceDefinition } from "../../definition.ts";
import { BUILT_IN_KINDS } from "../index.ts";

export function kind(name: string): ResourceDefinition {
  const found = BUILT_IN_KINDS.find((definition) => definition.kind === name);
  assert(found, `${name} is a built-in kind`);
  return found;
}
