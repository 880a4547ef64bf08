import { parseJson, type KubeObject } from "#objects";
import type { StoredObject } from "#registry";

const encoder = new TextEncoder();

/** UTF-8 of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

const decoder = new TextDecoder();

/** A stored object as a client gets it in JSON, which says null where memory has nothing. */
export const shownObject = ({ bytes }: StoredObject): KubeObject => parseJson(decoder.decode(bytes)) as KubeObject;

/** What JSON for programs ends with. */
export const NEWLINE = utf8("\n");

/** Bytes one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
