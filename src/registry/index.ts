export { parsed } from "./cache/parsed.ts";
export type * from "./contract.ts";
export { asStored, convertAhead, inVersion, showsStored } from "./conversion/in-version.ts";
export { apiVersionOf } from "./conversion/versions.ts";
export { createRegistry, type RegistryOptions } from "./create-registry.ts";
export type * from "./definition.ts";
export {
  featureGates,
  parseFeatureGates,
  type FeatureGates,
  type FeatureGateSettings,
} from "./enablement/feature-gates.ts";
export { parseRuntimeConfig, servedApis, type RuntimeConfig, type Serves } from "./enablement/runtime-config.ts";
export { resetFieldsOf } from "./resource/reset-fields.ts";
export { bootstrapObjects, kubernetesService, type BootstrapObject, type BootstrapOptions } from "./bootstrap/index.ts";
export {
  BUILT_IN_KINDS,
  builtInKinds,
  type BuiltInOptions,
  type IssueToken,
  type MetricsSource,
  type NodeMetrics,
  type PodMetrics,
  type ServiceOptions,
} from "./kinds/index.ts";
export { DEFAULT_SERVICE_CIDR, firstServiceIps } from "./kinds/core/service/options.ts";
