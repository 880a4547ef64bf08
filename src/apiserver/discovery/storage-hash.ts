import type { ResolvedResource, ResourceDefinition } from "#registry";
import { isReview } from "../reviews.ts";

/** By `group/version/Kind`: there are few, and they never change. */
const known = new Map<string, Promise<string>>();

/**
 * What a resource is stored as, in upstream's short form (apiserver endpoints/discovery StorageVersionHash): base64 of
 * the first eight bytes of SHA-256 of `group/version/Kind`. Undefined for what is not stored.
 */
export function storageVersionHash({ resource: { definition } }: ResolvedResource): Promise<string> | undefined {
  if (!isStored(definition)) return undefined;
  const name = `${definition.group}/${definition.storageVersion}/${definition.kind}`;
  let hash = known.get(name);
  if (!hash) known.set(name, (hash = shortHash(name)));
  return hash;
}

const isStored = (definition: ResourceDefinition): boolean => !isReview(definition) && !definition.computedObjects;

async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest, 0, 8)));
}
