/** The one place where writes are recorded in metadata.managedFields. */
import { recordUpdate, type AnyDraft, type KubeObject, type OtherVersion } from "#objects";
import type { ServedVersion, WriteOptions } from "../contract.ts";
import { fromStorage } from "../conversion/convert.ts";
import { apiVersionOf, isStorageVersion, storageVersionOf, versionBy } from "../conversion/versions.ts";
import type { ResourceDefinition } from "../definition.ts";
import { resetFieldsOf } from "./reset-fields.ts";

/**
 * Notes in the draft who set what. Both objects are in the storage version; what is noted speaks of the version that
 * the request was made in. `old` undefined: a new object. `now` in milliseconds since the epoch. A promise only where
 * something has to be converted.
 */
export function recordWrite(
  definition: ResourceDefinition,
  draft: AnyDraft,
  old: KubeObject | undefined,
  options: WriteOptions,
  now: number,
): void | Promise<void> {
  const version = options.version ?? storageVersionOf(definition);
  const hasConversions = hasAnyConversion(definition);
  if (!hasConversions && isStorageVersion(definition, version)) {
    record(definition, version, { draft, old }, options, now);
    return undefined;
  }
  return recordConverted(definition, version, draft, old, options, now);
}

interface Objects {
  readonly draft: AnyDraft;
  readonly old: KubeObject | undefined;
}

function record(
  definition: ResourceDefinition,
  version: ServedVersion,
  { draft, old }: Objects,
  options: WriteOptions,
  now: number,
  otherVersion?: (apiVersion: string) => OtherVersion | undefined,
): void {
  const { schema } = version;
  recordUpdate({
    apiVersion: apiVersionOf(definition, version),
    schema,
    old,
    draft,
    manager: options.fieldManager ?? "",
    time: now,
    subresource: options.subresource ?? "",
    ...resetFieldsOf(definition, version, schema, options.subresource),
    ...(otherVersion ? { otherVersion } : {}),
  });
}

async function recordConverted(
  definition: ResourceDefinition,
  version: ServedVersion,
  draft: AnyDraft,
  old: KubeObject | undefined,
  options: WriteOptions,
  now: number,
): Promise<void> {
  const inVersion = async (to: ServedVersion): Promise<Objects> => ({
    draft: (await fromStorage(definition, to, draft as KubeObject)) as AnyDraft,
    old: old && (await fromStorage(definition, to, old)),
  });
  const requested = await inVersion(version);
  // What is recorded is set in the metadata, which a conversion may share with what it was given.
  const shown =
    requested.draft === draft ? requested.draft : { ...requested.draft, metadata: { ...requested.draft.metadata } };
  const others = new Map<string, OtherVersion>();
  const entries = [...(old?.metadata.managedFields ?? []), ...(draft.metadata.managedFields ?? [])];
  for (const { apiVersion = "" } of entries) {
    const other = versionBy(definition, apiVersion);
    if (!other || other === version || others.has(apiVersion)) continue;
    const { draft: current, old: before } = await inVersion(other);
    others.set(apiVersion, { schema: other.schema, old: before as OtherVersion["old"], current });
  }
  const known = hasAnyConversion(definition) ? (apiVersion: string) => others.get(apiVersion) : undefined;
  record(definition, version, { draft: shown, old: requested.old }, options, now, known);
  if (shown === draft) return;
  const { managedFields } = shown.metadata;
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}

/** Without any, all versions are alike but for their name. */
const hasAnyConversion = ({ versions, unservedVersions = [] }: ResourceDefinition): boolean =>
  versions.some(({ conversion }) => conversion) || unservedVersions.some(({ conversion }) => conversion);
