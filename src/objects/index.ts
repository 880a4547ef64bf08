export {
  applySchemaDefaults,
  bodySummary,
  conversionError,
  decode,
  DecodeFailure,
  decodeFree,
  decodeValue,
  MAX_DEPTH,
  type BodyKind,
  type Decoded,
  type DecodeRequest,
  type FieldValidation,
} from "./decode/index.ts";
export { goQuote } from "./decode/json-syntax.ts";
export * from "./field-error.ts";
export { integerProblem } from "./go-integer.ts";
export type * from "./generated/types.ts";
export * from "./managed-fields/index.ts";
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
export * from "./patch/index.ts";
export * from "./batch/index.ts";
export * from "./pods/index.ts";
export * from "./quantity/index.ts";
export * from "./resource-type.ts";
export * from "./resources.ts";
export { int64, jsonText, nextGeneration, parseJson, type Int64 } from "./int64.ts";
export { equalJson } from "./json.ts";
export { Memo } from "./memo.ts";
export { ANY_OBJECT, schemaForKind, schemaOf } from "./schema/index.ts";
export { withNulls, withoutNulls } from "./schema/nulls.ts";
export { nameOfType, rowOf, schemaFingerprint, type FieldRow, type KindName, type TypeRow } from "./schema/table.ts";
export { loadSchemaTexts, type SchemaTexts } from "./schema/texts.ts";
export type * from "./schema/model.ts";
export * from "./selectors/index.ts";
export * from "./status-error.ts";
export * from "./time/index.ts";
export * from "./validation/index.ts";
export * from "./volumes/index.ts";
