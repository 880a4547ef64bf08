export { clientConformance, type ConformanceOptions } from "./conformance.ts";
export { NS, type ClientUnderTest, type OpenClient } from "./harness.ts";
