import type { KubeObject } from "#objects";
import type { StoredObject } from "#registry";
import { concat, utf8 } from "./text.ts";

const headOf = (version: string) =>
  utf8(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`);
const HEADS: ReadonlyMap<string, Uint8Array> = new Map(["v1", "v1beta1"].map((version) => [version, headOf(version)]));
const CLOSE = utf8("}");

/** An object reduced to its metadata, as JSON in parts: nothing is copied. `version` is v1 or v1beta1. */
export const partialParts = (stored: StoredObject, version: string): readonly Uint8Array[] => [
  HEADS.get(version) ?? headOf(version),
  stored.metadata,
  CLOSE,
];

/** The same in one piece. */
export const partialBytes = (stored: StoredObject, version: string): Uint8Array =>
  concat(...partialParts(stored, version));

/** The same as a value. */
export const partialOf = (object: KubeObject, version: string): KubeObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});
