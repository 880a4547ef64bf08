import type { ResourceDefinition } from "../../definition.ts";
import { bindings } from "./binding.ts";
import { componentStatuses } from "./component-status.ts";
import { configMaps } from "./config-map.ts";
import { endpoints } from "./endpoints.ts";
import { events } from "./event.ts";
import { limitRanges } from "./limit-range.ts";
import { namespaces } from "./namespace.ts";
import { nodes } from "./node.ts";
import { persistentVolumeClaims } from "./persistent-volume-claim.ts";
import { persistentVolumes } from "./persistent-volume.ts";
import { podTemplates } from "./pod-template.ts";
import { pods } from "./pod.ts";
import { replicationControllers } from "./replication-controller.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { secrets } from "./secret.ts";
import { serviceAccountDefinition, type IssueToken } from "./service-account.ts";
import { serviceDefinition, type ServiceOptions } from "./service/index.ts";

export interface CoreOptions extends ServiceOptions {
  /** How service account tokens are made; without it the token subresource answers 501. */
  readonly issueToken?: IssueToken;
}

/** The kinds of the core group. */
export const coreKinds = (options: CoreOptions = {}): readonly ResourceDefinition[] => [
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccountDefinition(options.issueToken),
  serviceDefinition(options),
];
