export * from "./field-error.ts";
export type * from "./generated/types.ts";
export {
  deepFreeze,
  draftOf,
  keyOf,
  parseKey,
  type AnyDraft,
  type Draft,
  type KubeObject,
  type New,
  type ObjectKey,
} from "./object.ts";
export * from "./resource-type.ts";
export type * from "./schema/model.ts";
export * from "./status-error.ts";
