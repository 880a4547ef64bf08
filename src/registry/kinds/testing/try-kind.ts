/** For tests: what a definition makes of an object, without a registry. */
import {
  type Int64,
  applySchemaDefaults,
  draftOf,
  type AnyDraft,
  type Draft,
  type FieldError,
  type KubeObject,
} from "#objects";
import { storageVersionOf } from "../../conversion/versions.ts";
import type { Registry, ResourceDefinition, WriteContext } from "../../definition.ts";

export const NOW = Date.UTC(2026, 0, 1, 12);

export const CONTEXT: WriteContext = {
  user: { username: "alice", groups: ["system:authenticated"] },
  now: NOW,
  dryRun: false,
  registry: {} as Registry,
};

const complete = (definition: ResourceDefinition, object: object): AnyDraft => ({
  apiVersion: definition.group ? `${definition.group}/${definition.storageVersion}` : definition.storageVersion,
  kind: definition.kind,
  ...draftOf(object),
  metadata: {
    name: "test",
    ...(definition.namespaced ? { namespace: "default" } : {}),
    ...(object as Partial<AnyDraft>).metadata,
  },
});

/** All defaults that a client's body gets. */
function applyDefaults(definition: ResourceDefinition, draft: AnyDraft): void {
  applySchemaDefaults(draft, storageVersionOf(definition).schema);
  definition.applyDefaults?.(draft as Draft<KubeObject>);
}

/** The object as it would be stored: defaulted and prepared for creation. */
export function created(definition: ResourceDefinition, object: object): KubeObject {
  const draft = complete(definition, object);
  applyDefaults(definition, draft);
  if (definition.hasStatus && !definition.acceptsStatusOnCreate) delete draft["status"];
  definition.prepareForCreate?.(draft as Draft<KubeObject>, CONTEXT);
  return draft as KubeObject;
}

/** What of the stored object is not metadata. */
export function body(definition: ResourceDefinition, object: object): Record<string, unknown> {
  const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = created(definition, object) as unknown as AnyDraft;
  return rest;
}

const texts = (errors: readonly FieldError[] = []) => errors.map(({ field, message }) => `${field}: ${message}`);

/** What is wrong with a new object, as `field: message`. */
export const wrong = (definition: ResourceDefinition, object: object): string[] =>
  texts(definition.validate?.(created(definition, object), CONTEXT));

/** What is wrong with replacing an object, beside what would be wrong with the new one by itself. */
export function wrongChange(definition: ResourceDefinition, old: object, object: object): string[] {
  const before = created(definition, old);
  const draft = complete(definition, object);
  applyDefaults(definition, draft);
  if (definition.hasStatus) draft["status"] = (before as unknown as AnyDraft)["status"];
  definition.prepareForUpdate?.(draft as Draft<KubeObject>, before, CONTEXT);
  return texts(definition.validateUpdate?.(draft as KubeObject, before, CONTEXT));
}

/** What the columns after Name show, without the age; wide ones too. */
export function cells(definition: ResourceDefinition, object: object): Record<string, string | Int64 | boolean | null> {
  const full = complete(definition, object);
  applyDefaults(definition, full);
  const columns = (definition.columns ?? []).filter(({ name }) => name !== "Age");
  return Object.fromEntries(columns.map(({ name, cell }) => [name, cell(full as KubeObject, NOW)]));
}
