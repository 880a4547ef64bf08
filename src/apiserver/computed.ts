import { deepFreeze, type KubeObject } from "#objects";
import type { StoredObject } from "#registry";

const encoder = new TextEncoder();

/** Gives an object the form of one that is stored; `stored` is what it was made of, if it is. */
export function asStored(object: KubeObject, stored?: StoredObject): StoredObject {
  const { namespace = "", name = "" } = object.metadata;
  const line = encoder.encode(`${JSON.stringify(object)}\n`);
  return {
    key: stored?.key ?? { namespace, name },
    revision: stored?.revision ?? 0,
    object: deepFreeze(object),
    bytes: line.subarray(0, -1),
    line,
    metadata: encoder.encode(JSON.stringify(object.metadata)),
  };
}
