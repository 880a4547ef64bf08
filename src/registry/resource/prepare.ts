/** What the server decides about an object before it is validated (rest.BeforeCreate, rest.BeforeUpdate). */
import { nextGeneration, type AnyDraft, type Draft, type KubeObject } from "#objects";
import type { ResourceDefinition, UpdateSubresource, WriteContext } from "../definition.ts";
import { sameSpec } from "./equality.ts";
import { fillSystemFields, keepSystemFields, settleNamespace } from "./metadata.ts";
import { resetForStatusUpdate, resetForUpdate } from "./reset-fields.ts";

/** A new object gets what is the server's to give, and loses what it may not bring. */
export function prepareNew(
  definition: ResourceDefinition,
  draft: AnyDraft,
  context: WriteContext,
  namespace: string,
  uid: string,
): void {
  const { metadata } = draft;
  fillSystemFields(metadata, uid, context.now);
  settleNamespace(metadata, definition.namespaced ? namespace : "");
  if (definition.hasStatus && !definition.acceptsStatusOnCreate) delete draft.status;
  if (definition.hasGeneration) metadata.generation = 1;
  definition.prepareForCreate?.(draft as Draft<KubeObject>, context);
}

/** The rules of an update: those of the object itself, of its status, or of a subresource with rules of its own. */
export interface UpdateRules extends Pick<UpdateSubresource<KubeObject>, "prepareForUpdate" | "validateUpdate"> {
  /** Whether it is the object itself that is written, be it by way of its scale: only then its kind warns and reserves. */
  readonly isMain: boolean;
  /** Whether it can make a new generation. */
  readonly makesGenerations: boolean;
}

const known = new WeakMap<ResourceDefinition, Map<string, UpdateRules>>();

/** The rules of an update by way of a subresource, or of none. Made once. */
export function rulesOf(definition: ResourceDefinition, subresource = ""): UpdateRules {
  let ofKind = known.get(definition);
  if (!ofKind) known.set(definition, (ofKind = new Map()));
  let rules = ofKind.get(subresource);
  if (!rules) ofKind.set(subresource, (rules = makeRules(definition, subresource)));
  return rules;
}

function makeRules(definition: ResourceDefinition, subresource: string): UpdateRules {
  const found = subresource === "" ? undefined : definition.subresources?.[subresource];
  if (found?.type === "update") return { ...found, isMain: false, makesGenerations: true };
  if (found?.type === "create" && found.parentUpdate) {
    return { ...found.parentUpdate, isMain: false, makesGenerations: false };
  }
  if (subresource === "status") {
    return {
      isMain: false,
      makesGenerations: true,
      prepareForUpdate(draft, old, context) {
        resetForStatusUpdate(definition, draft as AnyDraft, old);
        definition.prepareForStatusUpdate?.(draft, old, context);
      },
      validateUpdate: (object, old, context) => definition.validateStatusUpdate?.(object, old, context) ?? [],
    };
  }
  return {
    isMain: subresource === "" || subresource === "scale",
    makesGenerations: true,
    prepareForUpdate(draft, old, context) {
      resetForUpdate(definition, draft as AnyDraft, old);
      definition.prepareForUpdate?.(draft, old, context);
    },
    validateUpdate: (object, old, context) => [
      ...(definition.validate?.(object, context) ?? []),
      ...(definition.validateUpdate?.(object, old, context) ?? []),
    ],
  };
}

/** Puts back what this kind of update may not touch, and counts generations. */
export function prepareUpdated(
  definition: ResourceDefinition,
  rules: UpdateRules,
  draft: AnyDraft,
  old: KubeObject,
  context: WriteContext,
): void {
  const { metadata } = draft;
  settleNamespace(metadata, old.metadata.namespace ?? "");
  const { generation } = old.metadata;
  if (generation === undefined) delete metadata.generation;
  else metadata.generation = generation;
  rules.prepareForUpdate(draft as Draft<KubeObject>, old, context);
  const counts = definition.hasGeneration && rules.makesGenerations && draft.metadata.generation === generation;
  if (counts && !sameSpec(draft, old)) draft.metadata.generation = nextGeneration(generation ?? 0);
  keepSystemFields(draft.metadata, old.metadata);
}
