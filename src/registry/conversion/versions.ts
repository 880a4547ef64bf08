/** The versions of a kind, by what is called what. */
import { groupVersion } from "#objects";
import type { ServedVersion } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";

/** `apps/v1`, of one of a kind's versions. */
export const apiVersionOf = ({ group }: ResourceDefinition, version: ServedVersion): string =>
  groupVersion({ group: version.group ?? group, version: version.version });

/** The apiVersion of what is stored. */
export const storageApiVersion = ({ group, storageVersion }: ResourceDefinition): string =>
  groupVersion({ group, version: storageVersion });

/** Whether a version is the one that is stored. */
export const isStorageVersion = (definition: ResourceDefinition, version: ServedVersion): boolean =>
  version.version === definition.storageVersion && (version.group ?? definition.group) === definition.group;

const known = new WeakMap<ResourceDefinition, ReadonlyMap<string, ServedVersion>>();

/** The version of this apiVersion, served or not; undefined when the kind has none. */
export function versionBy(definition: ResourceDefinition, apiVersion: string): ServedVersion | undefined {
  let versions = known.get(definition);
  if (!versions) {
    const all = [...definition.versions, ...(definition.unservedVersions ?? [])];
    known.set(definition, (versions = new Map(all.map((version) => [apiVersionOf(definition, version), version]))));
  }
  return versions.get(apiVersion);
}

/** The version that is stored. Throws an Error for a definition without it. */
export function storageVersionOf(definition: ResourceDefinition): ServedVersion {
  const found = versionBy(definition, storageApiVersion(definition));
  if (!found) throw new Error(`${definition.kind} has no version ${storageApiVersion(definition)}`);
  return found;
}
