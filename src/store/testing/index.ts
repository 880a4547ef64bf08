export { storeConformance } from "./conformance.ts";
export * from "./suite.ts";
