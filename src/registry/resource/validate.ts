/** Everything that is wrong with an object, told at once; and what is not wrong but worth a warning. */
import {
  invalidObject,
  validateObjectMeta,
  validateObjectMetaUpdate,
  type FieldError,
  type KubeObject,
  type ObjectMeta,
} from "#objects";
import type { UpdateOptions } from "../contract.ts";
import type { ResourceDefinition, WriteContext } from "../definition.ts";
import type { UpdateRules } from "./prepare.ts";

/** Throws 422 with everything that is wrong with a new object. */
export function checkNew(definition: ResourceDefinition, object: KubeObject, context: WriteContext): void {
  refuse(definition, object, [
    ...metadataErrors(definition, object.metadata),
    ...(definition.validate?.(object, context) ?? []),
    ...(definition.validateCreate?.(object, context) ?? []),
  ]);
}

/** Throws 422 with everything that is wrong with an update. */
export function checkUpdated(
  definition: ResourceDefinition,
  rules: UpdateRules,
  object: KubeObject,
  old: KubeObject,
  context: WriteContext,
): void {
  refuse(definition, object, [
    ...metadataErrors(definition, object.metadata),
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(rules.validateUpdate?.(object, old, context) ?? []),
  ]);
}

const metadataErrors = ({ namespaced, nameErrors }: ResourceDefinition, metadata: ObjectMeta): readonly FieldError[] =>
  validateObjectMeta(metadata, { namespaced, ...(nameErrors ? { nameErrors } : {}) });

function refuse({ group, kind }: ResourceDefinition, object: KubeObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject(group, kind, object.metadata.name ?? "", errors);
}

/** Warns of a valid object that is new. */
export function warnOfNew(
  { warnings, caveats }: ResourceDefinition,
  object: KubeObject,
  { warn }: UpdateOptions,
): void {
  if (!warn) return;
  for (const text of warnings?.(object, undefined) ?? []) warn(text);
  for (const text of caveats?.(object) ?? []) warn(text);
}

/**
 * Warns of a valid update of the object itself; of what a subresource may not change nothing is said. An apply tells of
 * all that is stored and not acted on, another update of what it brings.
 */
export function warnOfUpdated(
  { warnings, caveats }: ResourceDefinition,
  object: KubeObject,
  old: KubeObject,
  { warn, keepsManagedFields }: UpdateOptions,
): void {
  if (!warn) return;
  for (const text of warnings?.(object, old) ?? []) warn(text);
  const texts = caveats?.(object) ?? [];
  if (texts.length === 0) return;
  const known = keepsManagedFields ? [] : (caveats?.(old) ?? []);
  for (const text of texts) if (!known.includes(text)) warn(text);
}
