export { serverSideApply, type ApplyRequest } from "./apply.ts";
export { entriesJson } from "./entries.ts";
export { decodeSet as sharedFieldSet } from "./field-set.ts";
export { LAST_APPLIED_ANNOTATION } from "./last-applied.ts";
export type { ResetFields } from "./reset.ts";
export { recordUpdate, type OtherVersion, type UpdateRecord, type VersionOptions } from "./record-update.ts";
