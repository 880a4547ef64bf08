export { storeConformance } from "./conformance.ts";
export * from "./harness.ts";
