export * from "./ip.ts";
export * from "./labels.ts";
export { validateListOptions, validateWatchOptions } from "./list-options.ts";
export * from "./names.ts";
export * from "./numbers.ts";
export * from "./object-meta.ts";
export * from "./request.ts";
export { byteLength, mismatch, MUST_NOT_BE_EMPTY, mustBeBetween, tooManyBytes, tooManyCharacters } from "./text.ts";
