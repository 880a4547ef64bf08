import { deepFreeze, type KubeObject } from "#objects";
import type { StoredObject } from "#registry";

const encoder = new TextEncoder();

/** Gives an object that is not stored the form of one that is. */
export function asStored(object: KubeObject): StoredObject {
  const { namespace = "", name = "" } = object.metadata;
  const line = encoder.encode(`${JSON.stringify(object)}\n`);
  return {
    key: { namespace, name },
    revision: 0,
    object: deepFreeze(object),
    bytes: line.subarray(0, -1),
    line,
    metadata: encoder.encode(JSON.stringify(object.metadata)),
  };
}
