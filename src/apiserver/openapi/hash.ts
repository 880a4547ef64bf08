import { schemaFingerprint } from "#objects";
import type { CustomSchema, OpenApiResource } from "./input.ts";

const PRIME = 0x100000001b3n;
const OFFSET = 0xcbf29ce484222325n;
const MASK = (1n << 64n) - 1n;

/**
 * Names the content of a document by what it is made of, so that the index needs no document: 64 bits of FNV-1a
 * after the fingerprint of the built-in schemas, upper-case hexadecimal.
 */
export function openApiHash(resources: readonly OpenApiResource[], custom: readonly CustomSchema[] = []): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(JSON.stringify([resources, custom]))) {
    hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  }
  return `${schemaFingerprint}${hash.toString(16).padStart(16, "0")}`.toUpperCase();
}
