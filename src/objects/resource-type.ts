import type { KubeObject } from "./object.ts";

/** Names a resource of the API, and carries the type of its objects for the compiler. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in the path: `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Answers show the metadata alone, as PartialObjectMetadata; see {@link metadataOnly}. */
  readonly metadataOnly?: true;
  /** Never set: it only holds the type. */
  readonly "~type"?: T;
}

export const groupVersion = (type: Pick<ResourceType, "group" | "version">): string =>
  type.group ? `${type.group}/${type.version}` : type.version;

/** The inverse of {@link groupVersion}. */
export function parseGroupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1) };
}

/** An object as far as every kind has it: `PartialObjectMetadata` of `meta.k8s.io/v1`. */
export type PartialObjectMetadata = KubeObject;

/** The same resource, of which only the metadata is read: get, list, watch, patch and delete answer with that. */
export const metadataOnly = (type: ResourceType): ResourceType<PartialObjectMetadata> => ({
  group: type.group,
  version: type.version,
  resource: type.resource,
  kind: type.kind,
  namespaced: type.namespaced,
  metadataOnly: true,
});

/** What an object of a resource says of its type in an answer. */
export const typeInAnswers = (type: ResourceType): { readonly apiVersion: string; readonly kind: string } =>
  type.metadataOnly ? PARTIAL : { apiVersion: groupVersion(type), kind: type.kind };

/** An object as {@link metadataOnly} shows it; its metadata is the object's own, not a copy. */
export const partialMetadataOf = ({ metadata }: KubeObject): PartialObjectMetadata =>
  Object.freeze({ ...PARTIAL, metadata });

const PARTIAL = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata" } as const;

/** `deployments.apps`, or `pods` for the core group: how error messages and RBAC name a resource. */
export const groupResource = (type: Pick<ResourceType, "group" | "resource">): string =>
  type.group ? `${type.resource}.${type.group}` : type.resource;

function define<T extends KubeObject>(
  apiVersion: string,
  resource: string,
  kind: string,
  namespaced = true,
): ResourceType<T> {
  return { ...parseGroupVersion(apiVersion), resource, kind, namespaced };
}

import type * as t from "./generated/types.ts";

export const PODS = define<t.Pod>("v1", "pods", "Pod");
export const NODES = define<t.Node>("v1", "nodes", "Node", false);
export const NAMESPACES = define<t.Namespace>("v1", "namespaces", "Namespace", false);
export const SERVICES = define<t.Service>("v1", "services", "Service");
export const ENDPOINTS = define<t.Endpoints>("v1", "endpoints", "Endpoints");
export const CONFIG_MAPS = define<t.ConfigMap>("v1", "configmaps", "ConfigMap");
export const SECRETS = define<t.Secret>("v1", "secrets", "Secret");
export const SERVICE_ACCOUNTS = define<t.ServiceAccount>("v1", "serviceaccounts", "ServiceAccount");
export const EVENTS = define<t.CoreV1Event>("v1", "events", "Event");
/** The same objects, as the scheduler writes them. */
export const EVENTS_V1 = define<t.EventsV1Event>("events.k8s.io/v1", "events", "Event");
export const REPLICATION_CONTROLLERS = define<t.ReplicationController>(
  "v1",
  "replicationcontrollers",
  "ReplicationController",
);
export const PERSISTENT_VOLUMES = define<t.PersistentVolume>("v1", "persistentvolumes", "PersistentVolume", false);
export const PERSISTENT_VOLUME_CLAIMS = define<t.PersistentVolumeClaim>(
  "v1",
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
);
export const DEPLOYMENTS = define<t.Deployment>("apps/v1", "deployments", "Deployment");
export const REPLICA_SETS = define<t.ReplicaSet>("apps/v1", "replicasets", "ReplicaSet");
export const STATEFUL_SETS = define<t.StatefulSet>("apps/v1", "statefulsets", "StatefulSet");
export const DAEMON_SETS = define<t.DaemonSet>("apps/v1", "daemonsets", "DaemonSet");
export const CONTROLLER_REVISIONS = define<t.ControllerRevision>(
  "apps/v1",
  "controllerrevisions",
  "ControllerRevision",
);
export const JOBS = define<t.Job>("batch/v1", "jobs", "Job");
export const CRON_JOBS = define<t.CronJob>("batch/v1", "cronjobs", "CronJob");
export const LEASES = define<t.Lease>("coordination.k8s.io/v1", "leases", "Lease");
export const PRIORITY_CLASSES = define<t.PriorityClass>(
  "scheduling.k8s.io/v1",
  "priorityclasses",
  "PriorityClass",
  false,
);
export const POD_DISRUPTION_BUDGETS = define<t.PodDisruptionBudget>(
  "policy/v1",
  "poddisruptionbudgets",
  "PodDisruptionBudget",
);
export const HORIZONTAL_POD_AUTOSCALERS = define<t.V2HorizontalPodAutoscaler>(
  "autoscaling/v2",
  "horizontalpodautoscalers",
  "HorizontalPodAutoscaler",
);
export const ENDPOINT_SLICES = define<t.EndpointSlice>("discovery.k8s.io/v1", "endpointslices", "EndpointSlice");
export const CLUSTER_TRUST_BUNDLES = define<t.V1beta1ClusterTrustBundle>(
  "certificates.k8s.io/v1beta1",
  "clustertrustbundles",
  "ClusterTrustBundle",
  false,
);
export const SERVICE_CIDRS = define<t.ServiceCIDR>("networking.k8s.io/v1", "servicecidrs", "ServiceCIDR", false);
export const IP_ADDRESSES = define<t.IPAddress>("networking.k8s.io/v1", "ipaddresses", "IPAddress", false);
export const STORAGE_CLASSES = define<t.StorageClass>("storage.k8s.io/v1", "storageclasses", "StorageClass", false);
export const VOLUME_ATTRIBUTES_CLASSES = define<t.VolumeAttributesClass>(
  "storage.k8s.io/v1",
  "volumeattributesclasses",
  "VolumeAttributesClass",
  false,
);
export const VOLUME_ATTACHMENTS = define<t.VolumeAttachment>(
  "storage.k8s.io/v1",
  "volumeattachments",
  "VolumeAttachment",
  false,
);
export const CSI_DRIVERS = define<t.CSIDriver>("storage.k8s.io/v1", "csidrivers", "CSIDriver", false);
export const CSI_STORAGE_CAPACITIES = define<t.CSIStorageCapacity>(
  "storage.k8s.io/v1",
  "csistoragecapacities",
  "CSIStorageCapacity",
);
export const RUNTIME_CLASSES = define<t.RuntimeClass>("node.k8s.io/v1", "runtimeclasses", "RuntimeClass", false);
export const CSI_NODES = define<t.CSINode>("storage.k8s.io/v1", "csinodes", "CSINode", false);
