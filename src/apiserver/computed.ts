import { deepFreeze, type KubeObject } from "#objects";
import type { ListResult, Registry, ResourceDefinition, StoredObject } from "#registry";

const encoder = new TextEncoder();

/** The objects of a kind of which nothing is stored, as a list. */
export function computedList(definition: ResourceDefinition, registry: Registry): ListResult {
  const objects = definition.computedObjects?.(registry) ?? [];
  return { resourceVersion: "", items: objects.map(asStored) };
}

/** Gives an object that is not stored the form of one that is. */
export function asStored(object: KubeObject): StoredObject {
  const { namespace = "", name = "" } = object.metadata;
  return {
    key: { namespace, name },
    revision: 0,
    object: deepFreeze(object),
    bytes: encoder.encode(JSON.stringify(object)),
  };
}
