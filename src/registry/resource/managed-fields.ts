/** The one place where writes are recorded in metadata.managedFields. */
import {
  draftOf,
  groupVersion,
  recordUpdate,
  schemaOf,
  type AnyDraft,
  type KubeObject,
  type ObjectSchema,
  type OtherVersion,
} from "#objects";
import type { ServedVersion, WriteOptions } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { resetFieldsOf } from "./reset-fields.ts";

/**
 * Notes in the draft who set what. Both objects are in the storage version; what is noted speaks of the version that
 * the request was made in. `old` undefined: a new object. `now` in milliseconds since the epoch.
 */
export function recordWrite(
  definition: ResourceDefinition,
  draft: AnyDraft,
  old: KubeObject | undefined,
  options: WriteOptions,
  now: number,
): void {
  const version = options.version ?? storageVersion(definition);
  const schema = version && schemaFor(version);
  if (!version || !schema) return;
  const convert = version.fromStorage;
  // A conversion may change what it is given.
  const draftThere = convert ? convert(draftOf(draft) as AnyDraft) : draft;
  const oldThere = convert && old ? (convert(draftOf(old) as AnyDraft) as KubeObject) : old;
  const otherVersion = otherVersionsOf(definition, version);
  recordUpdate({
    apiVersion: apiVersionOf(definition, version),
    schema,
    old: oldThere,
    draft: draftThere,
    manager: options.fieldManager ?? "",
    time: now,
    subresource: options.subresource ?? "",
    ...resetFieldsOf(definition, version, schema, options.subresource),
    ...(otherVersion ? { otherVersion } : {}),
  });
  if (draftThere === draft) return;
  const { managedFields } = draftThere.metadata;
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}

const apiVersionOf = ({ group }: ResourceDefinition, version: ServedVersion) =>
  groupVersion({ group: version.group ?? group, version: version.version });

function storageVersion({ group, storageVersion, versions }: ResourceDefinition): ServedVersion | undefined {
  return versions.find((version) => version.version === storageVersion && (version.group ?? group) === group);
}

/** Undefined for a version without one: nothing is recorded then. */
function schemaFor(version: ServedVersion): ObjectSchema | undefined {
  return version.schema === "" ? undefined : schemaOf(version.schema);
}

type OtherVersions = (apiVersion: string) => OtherVersion | undefined;
const otherVersions = new WeakMap<ServedVersion, OtherVersions>();

/**
 * How to see an object of one version in those that entries speak of; undefined when all are alike but for their
 * name. Entries of versions that are no longer served are dropped.
 */
function otherVersionsOf(definition: ResourceDefinition, from: ServedVersion): OtherVersions | undefined {
  if (!definition.versions.some((version) => version.fromStorage)) return undefined;
  let found = otherVersions.get(from);
  if (!found) otherVersions.set(from, (found = otherVersionsBy(definition, from)));
  return found;
}

function otherVersionsBy(definition: ResourceDefinition, from: ServedVersion): OtherVersions {
  const byName = new Map<string, OtherVersion>();
  for (const version of definition.versions) {
    const schema = schemaFor(version);
    if (!schema) continue;
    byName.set(apiVersionOf(definition, version), {
      schema,
      convert: (object) => {
        const draft = draftOf(object) as unknown as AnyDraft;
        const stored = from.toStorage ? from.toStorage(draft) : draft;
        return version.fromStorage ? version.fromStorage(stored) : stored;
      },
    });
  }
  return (apiVersion) => byName.get(apiVersion);
}
