export { builtInAdmission, type BuiltInAdmissionOptions } from "./built-in.ts";
export { admissionChain, noAdmission } from "./chain.ts";
export {
  forbid,
  type AdmissionAttributes,
  type AdmissionChain,
  type AdmissionOperation,
  type AdmissionPlugin,
} from "./contract.ts";
