import { deepFreeze, type KubeObject } from "#objects";
import type { StoredObject } from "#registry";

const encoder = new TextEncoder();

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
