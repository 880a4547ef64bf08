/**
 * Fields that are dropped from what clients write as long as their feature gate is off, unless the object has one of
 * them already. Sources: upstream's dropDisabledFields and the like, in pkg/registry's strategies, pkg/api/pod/util.go,
 * pkg/api/persistentvolumeclaim/util.go and pkg/api/resourceclaimspec/util.go.
 *
 * A path goes down by names: `name[]` is every item of a list, `name{}` every value of a map. An object `name?` that is
 * left empty goes too, and a field `name!=Value` stays as long as it has that value.
 */
import type { GateName } from "./gates.ts";

export interface GatedFields {
  readonly gate: GateName;
  /** The kinds, as `group/resource`. */
  readonly kinds: readonly string[];
  readonly fields: readonly string[];
  /** They are dropped only where this is set; default: always. */
  readonly where?: string;
  /** What they are by default while the gate is on, where the object around them is there. */
  readonly default?: number | boolean;
}

/** Where kinds have the spec of a Pod. */
const POD_SPECS: Readonly<Record<string, string>> = {
  "/pods": "spec",
  "/podtemplates": "template.spec",
  "/replicationcontrollers": "spec.template.spec",
  "apps/daemonsets": "spec.template.spec",
  "apps/deployments": "spec.template.spec",
  "apps/replicasets": "spec.template.spec",
  "apps/statefulsets": "spec.template.spec",
  "batch/jobs": "spec.template.spec",
  "batch/cronjobs": "spec.jobTemplate.spec.template.spec",
};

const under = (prefix: string, fields: readonly string[]) => fields.map((field) => `${prefix}.${field}`);
const CONTAINERS = ["containers[]", "initContainers[]", "ephemeralContainers[]"];
const inContainers = (...fields: readonly string[]) => CONTAINERS.flatMap((list) => under(list, fields));
const STATUSES = ["containerStatuses[]", "initContainerStatuses[]", "ephemeralContainerStatuses[]"];
const inStatuses = (field: string) => STATUSES.map((list) => `status.${list}.${field}`);

/** Of Pods and of everything that makes Pods. */
const inPodSpecs = (gate: GateName, ...fields: readonly string[]): GatedFields[] =>
  Object.entries(POD_SPECS).map(([kind, prefix]) => ({ gate, kinds: [kind], fields: under(prefix, fields) }));

const of = (kinds: string | readonly string[], gate: GateName, ...fields: readonly string[]): GatedFields => ({
  gate,
  kinds: typeof kinds === "string" ? [kinds] : kinds,
  fields,
});

const POD_STATUS: readonly GatedFields[] = [
  of("/pods", "InPlacePodLevelResourcesVerticalScaling", "status.resources", "status.allocatedResources"),
  of("/pods", "DRAExtendedResource", "status.extendedResourceClaimStatus"),
  of("/pods", "ResourceHealthStatus", ...inStatuses("allocatedResourcesStatus")),
  of("/pods", "ResourceHealthStatusMessage", ...inStatuses("allocatedResourcesStatus[].resources[].message")),
  of("/pods", "ImageVolumeWithDigest", ...inStatuses("volumeMounts[].volumeStatus")),
  of("/pods", "DRANodeAllocatableResources", "status.nodeAllocatableResourceClaimStatuses"),
];

/** Of a claim's spec, which is at a different place in a template of claims. */
const inClaimSpecs = (gate: GateName, ...fields: readonly string[]): GatedFields[] => [
  of("resource.k8s.io/resourceclaims", gate, ...under("spec", fields)),
  of("resource.k8s.io/resourceclaimtemplates", gate, ...under("spec.spec", fields)),
];

const CLAIM = "resource.k8s.io/resourceclaims";
const SLICE = "resource.k8s.io/resourceslices";
const RESULTS = "status.allocation.devices.results[]";
const DEVICES = "spec.devices[]";
const REQUESTS = "devices.requests[]";

const DEVICE_FIELDS: readonly GatedFields[] = [
  of("resource.k8s.io/deviceclasses", "DRAExtendedResource", "spec.extendedResourceName"),
  ...inClaimSpecs("DRADeviceTaints", `${REQUESTS}.exactly.tolerations`, `${REQUESTS}.firstAvailable[].tolerations`),
  ...inClaimSpecs("DRAPrioritizedList", `${REQUESTS}.firstAvailable`),
  ...inClaimSpecs(
    "DRAConsumableCapacity",
    "devices.constraints[].distinctAttribute",
    `${REQUESTS}.exactly.capacity`,
    `${REQUESTS}.firstAvailable[].capacity`,
  ),
  of(CLAIM, "DRAResourceClaimDeviceStatus", "status.devices"),
  of(CLAIM, "DRAConsumableCapacity", `${RESULTS}.shareID`, `${RESULTS}.consumedCapacity`, "status.devices[].shareID"),
  of(CLAIM, "DRADeviceBindingConditions", `${RESULTS}.bindingConditions`, `${RESULTS}.bindingFailureConditions`),
  of(SLICE, "DRADeviceTaints", `${DEVICES}.taints`),
  of(
    SLICE,
    "DRAPartitionableDevices",
    "spec.sharedCounters",
    "spec.perDeviceNodeSelection",
    ...under(DEVICES, ["consumesCounters", "nodeName", "nodeSelector", "allNodes"]),
  ),
  ...(["DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"] as const).map((gate) =>
    of(SLICE, gate, ...under(DEVICES, ["bindingConditions", "bindingFailureConditions", "bindsToNode"])),
  ),
  of(SLICE, "DRAConsumableCapacity", `${DEVICES}.allowMultipleAllocations`, `${DEVICES}.capacity{}.requestPolicy`),
  of(SLICE, "DRANodeAllocatableResources", `${DEVICES}.nodeAllocatableResourceMappings`),
  of(SLICE, "DRAListTypeAttributes", ...under(`${DEVICES}.attributes{}`, ["bools", "ints", "strings", "versions"])),
];

/** Each of them is looked at by itself: one that an object has keeps no other one. */
const inPodGroups = (gate: GateName, ...fields: readonly string[]): GatedFields[] =>
  fields.flatMap((field) => [
    of("scheduling.k8s.io/podgroups", gate, `spec.${field}`),
    of("scheduling.k8s.io/workloads", gate, `spec.podGroupTemplates[].${field}`),
  ]);

export const GATED_FIELDS: readonly GatedFields[] = [
  ...inPodSpecs("ContainerStopSignals", ...inContainers("lifecycle?.stopSignal")),
  ...inPodSpecs("ClusterTrustBundleProjection", "volumes[].projected.sources[].clusterTrustBundle"),
  ...inPodSpecs("PodCertificateRequest", "volumes[].projected.sources[].podCertificate"),
  ...inPodSpecs("GenericWorkload", "schedulingGroup"),
  ...inPodSpecs("PodLevelResources", "resources"),
  ...inPodSpecs("MatchLabelKeysInPodTopologySpread", "topologySpreadConstraints[].matchLabelKeys"),
  ...inPodSpecs(
    "ContainerRestartRules",
    "containers[].restartPolicy",
    "ephemeralContainers[].restartPolicy",
    "initContainers[].restartPolicy!=Always",
    ...inContainers("restartPolicyRules"),
  ),
  ...inPodSpecs("HostnameOverride", "hostnameOverride"),
  ...inPodSpecs("EnvFiles", ...inContainers("env[].valueFrom.fileKeyRef")),
  ...POD_STATUS,
  {
    ...of("apps/statefulsets", "MaxUnavailableStatefulSet", "spec.updateStrategy.rollingUpdate.maxUnavailable"),
    default: 1,
  },
  of(["apps/deployments", "apps/replicasets"], "DeploymentReplicaSetTerminatingReplicas", "status.terminatingReplicas"),
  of(
    "autoscaling/horizontalpodautoscalers",
    "HPAConfigurableTolerance",
    "spec.behavior.scaleDown.tolerance",
    "spec.behavior.scaleUp.tolerance",
  ),
  of("/nodes", "NodeDeclaredFeatures", "status.declaredFeatures"),
  ...["spec.strategy", "spec.preferredHolder"].map((field) =>
    of("coordination.k8s.io/leases", "CoordinatedLeaderElection", field),
  ),
  of(
    "apiextensions.k8s.io/customresourcedefinitions",
    "CRDObservedGenerationTracking",
    "status.observedGeneration",
    "status.conditions[].observedGeneration",
  ),
  {
    ...of("/persistentvolumeclaims", "CrossNamespaceVolumeDataSource", "spec.dataSourceRef"),
    where: "spec.dataSourceRef.namespace",
  },
  { ...of("storage.k8s.io/csidrivers", "VolumeLimitScaling", "spec.preventPodSchedulingIfMissing"), default: false },
  ...DEVICE_FIELDS,
  ...inPodGroups("TopologyAwareWorkloadScheduling", "schedulingConstraints"),
  ...inPodGroups("DRAWorkloadResourceClaims", "resourceClaims"),
  of("scheduling.k8s.io/podgroups", "DRAWorkloadResourceClaims", "status.resourceClaimStatuses"),
  ...inPodGroups("WorkloadAwarePreemption", "disruptionMode", "priorityClassName", "priority"),
];
