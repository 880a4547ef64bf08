export { clientConformance, type ConformanceOptions } from "./conformance.ts";
export type { ClientUnderTest, OpenClient } from "./suite.ts";
