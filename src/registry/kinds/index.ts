import type { ResourceDefinition } from "../definition.ts";
import { withGates } from "../enablement/disabled-fields.ts";
import { featureGates, type FeatureGates } from "../enablement/feature-gates.ts";
import { ADMISSION_KINDS } from "./admissionregistration/index.ts";
import { customResourceDefinitions } from "./apiextensions/custom-resource-definition.ts";
import { apiServices } from "./apiregistration/api-service.ts";
import { APPS_KINDS } from "./apps/index.ts";
import { AUTHENTICATION_KINDS } from "./authentication/index.ts";
import { AUTHORIZATION_KINDS } from "./authorization/index.ts";
import { AUTOSCALING_KINDS } from "./autoscaling/index.ts";
import { BATCH_KINDS } from "./batch/index.ts";
import { CERTIFICATES_KINDS } from "./certificates/index.ts";
import { leaseCandidates } from "./coordination/lease-candidate.ts";
import { leases } from "./coordination/lease.ts";
import { withCaveats } from "./caveats.ts";
import { coreKinds, type CoreOptions } from "./core/index.ts";
import { endpointSlices } from "./discovery/endpoint-slice.ts";
import { flowSchemas } from "./flowcontrol/flow-schema.ts";
import { priorityLevelConfigurations } from "./flowcontrol/priority-level.ts";
import { storageVersions } from "./internal/storage-version.ts";
import { metricsKinds, type MetricsSource } from "./metrics/index.ts";
import { NETWORKING_KINDS } from "./networking/index.ts";
import { runtimeClasses } from "./node/runtime-class.ts";
import { POLICY_KINDS } from "./policy/index.ts";
import { RBAC_KINDS } from "./rbac/index.ts";
import { RESOURCE_KINDS } from "./resource/index.ts";
import { SCHEDULING_KINDS } from "./scheduling/index.ts";
import { STORAGE_KINDS } from "./storage/index.ts";
import { storageVersionMigrations } from "./storagemigration/storage-version-migration.ts";

export type { IssueToken } from "./core/service-account.ts";
export type { ServiceOptions } from "./core/service/index.ts";

export type { MetricsSource, NodeMetrics, PodMetrics } from "./metrics/index.ts";

export interface BuiltInOptions extends CoreOptions {
  /** Without it, metrics.k8s.io is not served, as on a cluster without metrics-server. */
  readonly metrics?: MetricsSource;
  /** Which features are on: fields of the others are dropped. Default: upstream's. */
  readonly gates?: FeatureGates;
}

/** Every built-in kind. Throws an Error when an option makes no sense. */
export function builtInKinds(options: BuiltInOptions = {}): readonly ResourceDefinition[] {
  const gates = options.gates ?? featureGates();
  return definitions(options).map((definition) => withCaveats(withGates(definition, gates)));
}

const definitions = (options: BuiltInOptions): readonly ResourceDefinition[] => [
  ...coreKinds(options),
  apiServices,
  ...APPS_KINDS,
  ...AUTHENTICATION_KINDS,
  ...AUTHORIZATION_KINDS,
  ...AUTOSCALING_KINDS,
  ...BATCH_KINDS,
  ...CERTIFICATES_KINDS,
  ...NETWORKING_KINDS,
  ...POLICY_KINDS,
  ...RBAC_KINDS,
  ...STORAGE_KINDS,
  ...ADMISSION_KINDS,
  customResourceDefinitions,
  ...SCHEDULING_KINDS,
  leases,
  leaseCandidates,
  runtimeClasses,
  endpointSlices,
  ...RESOURCE_KINDS,
  flowSchemas,
  priorityLevelConfigurations,
  storageVersions,
  storageVersionMigrations,
  ...(options.metrics ? metricsKinds(options.metrics) : []),
];

/** Every built-in kind, with the default ranges of cluster IPs and node ports. */
export const BUILT_IN_KINDS: readonly ResourceDefinition[] = builtInKinds();
