/** Which fields a write cannot set: stated once, for what is put back and for what is owned (upstream GetResetFields). */
import type { AnyDraft, KubeObject, ObjectMeta, ObjectSchema, ResetFields } from "#objects";
import type { ServedVersion } from "../contract.ts";
import type { ClientMetadata, ResourceDefinition } from "../definition.ts";

const NONE: ResetFields = {};

const known = new WeakMap<ResourceDefinition, Map<ServedVersion, Map<string, ResetFields>>>();

/** What a write to an object, or to one of its subresources, cannot own. The same value each time. */
export function resetFieldsOf(
  definition: ResourceDefinition,
  version: ServedVersion,
  schema: ObjectSchema,
  subresource = "",
): ResetFields {
  let versions = known.get(definition);
  if (!versions) known.set(definition, (versions = new Map()));
  let subresources = versions.get(version);
  if (!subresources) versions.set(version, (subresources = new Map()));
  let fields = subresources.get(subresource);
  if (!fields) subresources.set(subresource, (fields = resetFields(definition, schema, subresource)));
  return fields;
}

function resetFields(definition: ResourceDefinition, schema: ObjectSchema, subresource: string): ResetFields {
  const found = subresource ? definition.subresources?.[subresource] : undefined;
  if (found?.type === "update" && found.resetFields) return found.resetFields;
  if (subresource === "status" && !found) {
    const others = [...schema.fields.keys()].filter((field) => !BESIDE_STATUS_UPDATE.has(field));
    const metadata = (definition.statusResetFields ?? []).map((field) => ["metadata", field]);
    return { reset: [...others.map((field) => [field]), ...metadata] };
  }
  const fields = [...(definition.hasStatus ? ["status"] : []), ...(definition.resetFields ?? [])];
  return fields.length > 0 ? { reset: fields.map((field) => [field]) } : NONE;
}

/** What a status update may write. */
const BESIDE_STATUS_UPDATE: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

/** Puts back what an update of the object itself cannot set. */
export function resetForUpdate(definition: ResourceDefinition, draft: AnyDraft, old: KubeObject): void {
  if (definition.hasStatus) putBack(draft, old, "status");
}

/** Puts back what an update of the status cannot set. */
export function resetForStatusUpdate(definition: ResourceDefinition, draft: AnyDraft, old: KubeObject): void {
  for (const field in draft) if (!BESIDE_STATUS_UPDATE.has(field)) putBack(draft, old, field);
  for (const field in old) if (!BESIDE_STATUS_UPDATE.has(field)) putBack(draft, old, field);
  for (const field of definition.statusResetFields ?? []) putBackMetadata(draft.metadata, old.metadata, field);
}

/** The old value is shared: what is frozen in it stays so. */
function putBack(draft: AnyDraft, old: KubeObject, field: string): void {
  const value = (old as unknown as Record<string, unknown>)[field];
  if (value === undefined) delete draft[field];
  else draft[field] = value;
}

function putBackMetadata<F extends ClientMetadata>(metadata: AnyDraft["metadata"], old: ObjectMeta, field: F): void {
  const value = old[field];
  if (value === undefined) delete metadata[field];
  else metadata[field] = value as AnyDraft["metadata"][F];
}
