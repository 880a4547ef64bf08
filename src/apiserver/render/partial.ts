import type { KubeObject } from "#objects";
import { concat, utf8 } from "./text.ts";

/** The JSON of an object's metadata, made once. */
const metadataBytes = new WeakMap<KubeObject, Uint8Array>();

/** An object reduced to its metadata, as JSON. `version` is v1 or v1beta1. */
export function partialBytes(object: KubeObject, version: string): Uint8Array {
  let metadata = metadataBytes.get(object);
  if (!metadata) metadataBytes.set(object, (metadata = utf8(JSON.stringify(object.metadata))));
  return concat(
    utf8(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`),
    metadata,
    utf8("}"),
  );
}

/** The same as a value. */
export const partialOf = (object: KubeObject, version: string): KubeObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});
