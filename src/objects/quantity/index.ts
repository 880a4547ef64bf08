export { parseIntOrString, percentOf, scaledValue, type IntOrString } from "./int-or-string.ts";
export type * from "./model.ts";
export * from "./quantity.ts";
