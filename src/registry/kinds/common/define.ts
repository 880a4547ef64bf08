import type { KubeObject } from "#objects";
import type { ServedVersion } from "../../contract.ts";
import type { ResourceDefinition } from "../../definition.ts";

/**
 * A definition with the type of its objects checked here and forgotten outside: the machinery handles all
 * kinds alike, and only ever hands a definition's hooks objects of its own kind. Unless it says otherwise an update
 * may leave the resourceVersion out, as for most of upstream's kinds.
 */
export function define<T extends KubeObject>(definition: ResourceDefinition<T>): ResourceDefinition {
  return { requiresResourceVersionOnUpdate: false, ...definition } as unknown as ResourceDefinition;
}

/** A version of which the schema is called `io.k8s.api.<group folder>.<version>.<kind>`. */
export function served(
  folder: string,
  version: string,
  kind: string,
  more: Partial<ServedVersion> = {},
): ServedVersion {
  return { version, schema: `io.k8s.api.${folder}.${version}.${kind}`, ...more };
}
