export { builtInAdmission, type BuiltInAdmissionOptions } from "./built-in.ts";
export { admissionChain, noAdmission } from "./chain.ts";
export type { AdmissionAttributes, AdmissionChain, AdmissionOperation, AdmissionPlugin } from "./contract.ts";
