import { notSupported, qualifiedName, type FieldError } from "#objects";
import { each } from "../common/checks.ts";

export const OLDEST_EMULATION_VERSION = "OldestEmulationVersion";

/** How the holder of a lease is chosen among candidates: a name of Kubernetes or `example.com/own`. */
export function strategyErrors(field: string, strategy: string): FieldError[] {
  // Upstream repeats the field's name in the path.
  const path = `${field}.strategy`;
  if (strategy.includes("/")) return each(path, strategy, qualifiedName(strategy));
  return strategy === OLDEST_EMULATION_VERSION ? [] : [notSupported(path, strategy, [OLDEST_EMULATION_VERSION])];
}
