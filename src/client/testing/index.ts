export { clientConformance, type ConformanceOptions } from "./conformance.ts";
export type { ClientUnderTest, OpenClient } from "./harness.ts";
