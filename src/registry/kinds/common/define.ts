import { schemaOf, type KubeObject } from "#objects";
import type { Convert, ServedVersion } from "../../contract.ts";
import type { ResourceDefinition } from "../../definition.ts";

/**
 * A definition with the type of its objects checked here and forgotten outside: the generic code handles all
 * kinds alike, and only ever hands a definition's hooks objects of its own kind. Unless it says otherwise an update
 * may leave the resourceVersion out, as for most of upstream's kinds.
 */
export function define<T extends KubeObject>(definition: ResourceDefinition<T>): ResourceDefinition {
  return { requiresResourceVersionOnUpdate: false, ...definition } as unknown as ResourceDefinition;
}

/** A version whose schema is called `io.k8s.api.<group folder>.<version>.<kind>`. Read when it is looked at. */
export function served(
  folder: string,
  version: string,
  kind: string,
  more: Partial<ServedVersion> = {},
): ServedVersion {
  return servedAs(version, `io.k8s.api.${folder}.${version}.${kind}`, more);
}

/** A version whose schema has another name. */
export function servedAs(version: string, schema: string, more: Partial<ServedVersion> = {}): ServedVersion {
  return {
    version,
    get schema() {
      return schemaOf(schema);
    },
    ...more,
  };
}

/** A conversion in this process, object by object. */
export const converted = (fromStorage: Convert, toStorage: Convert): Pick<ServedVersion, "conversion"> => ({
  conversion: { type: "local", fromStorage, toStorage },
});
