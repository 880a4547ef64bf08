/**
 * What is stored, validated and defaulted, and not acted on yet. A client is told so with each create and apply, by a
 * Warning; README's list is checked against this table. A kind that is acted on is removed from it.
 */
import type { KubeObject, PodSpec, PodTemplateSpec } from "#objects";
import type { ResourceDefinition } from "../definition.ts";

export interface Caveat {
  /** As README and the Warning call them: `StatefulSets`. */
  readonly title: string;
  readonly group: string;
  readonly resource: string;
  /** What does not happen. */
  readonly but: string;
  /** Only such objects; absent: all of them. */
  readonly when?: (object: KubeObject) => boolean;
}

const row = (group: string, resource: string, title: string, but: string, when?: Caveat["when"]): Caveat => ({
  group,
  resource,
  title,
  but,
  ...(when ? { when } : {}),
});

const ADMISSION = "admissionregistration.k8s.io";
const CERTIFICATES = "certificates.k8s.io";
const FLOW = "flowcontrol.apiserver.k8s.io";
const NETWORKING = "networking.k8s.io";
const RBAC = "rbac.authorization.k8s.io";
const RESOURCE = "resource.k8s.io";
const SCHEDULING = "scheduling.k8s.io";
const STORAGE = "storage.k8s.io";

/** By the order of README. */
export const CAVEATS: readonly Caveat[] = [
  row(
    "",
    "persistentvolumes",
    "the reclaim policy `Recycle` of PersistentVolumes",
    "the volume is Failed once its claim is gone",
    (object) =>
      (object as { readonly spec?: { readonly persistentVolumeReclaimPolicy?: string } }).spec
        ?.persistentVolumeReclaimPolicy === "Recycle",
  ),
  row(STORAGE, "volumeattachments", "VolumeAttachments", "nothing is attached"),
  row(STORAGE, "volumeattributesclasses", "VolumeAttributesClasses", "no volume is changed"),
  row(NETWORKING, "ingresses", "Ingresses", "no address is given and no traffic is routed"),
  row(NETWORKING, "ingressclasses", "IngressClasses", "none becomes the default"),
  row(NETWORKING, "networkpolicies", "NetworkPolicies", "no traffic is denied"),
  row(
    NETWORKING,
    "servicecidrs",
    "ServiceCIDRs beside the first",
    "no Service gets an address from them",
    ({ metadata }) => metadata.name !== "kubernetes",
  ),
  row(NETWORKING, "ipaddresses", "IPAddresses", "no address is kept from Services"),
  row("", "resourcequotas", "ResourceQuotas", "nothing is counted or refused"),
  row("", "limitranges", "LimitRanges", "nothing is defaulted or refused"),
  row(
    "",
    "namespaces",
    "Pod Security labels of Namespaces",
    "no Pod is refused, warned of or audited",
    ({ metadata }) => Object.keys(metadata.labels ?? {}).some((key) => key.startsWith("pod-security.kubernetes.io/")),
  ),
  row(RBAC, "roles", "Roles", "nothing is granted"),
  row(RBAC, "clusterroles", "ClusterRoles", "nothing is granted"),
  row(RBAC, "rolebindings", "RoleBindings", "nothing is granted"),
  row(RBAC, "clusterrolebindings", "ClusterRoleBindings", "nothing is granted"),
  row(ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfigurations", "no webhook is called"),
  row(ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfigurations", "no webhook is called"),
  row(ADMISSION, "validatingadmissionpolicies", "ValidatingAdmissionPolicies", "nothing is refused"),
  row(ADMISSION, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBindings", "nothing is refused"),
  row(ADMISSION, "mutatingadmissionpolicies", "MutatingAdmissionPolicies", "nothing is changed"),
  row(ADMISSION, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBindings", "nothing is changed"),
  row(
    CERTIFICATES,
    "certificatesigningrequests",
    "CertificateSigningRequests",
    "no certificate is issued, approved or not",
  ),
  row(CERTIFICATES, "podcertificaterequests", "PodCertificateRequests", "no certificate is issued"),
  row(
    "apiextensions.k8s.io",
    "customresourcedefinitions",
    "CustomResourceDefinitions",
    "none becomes Established and no custom resources are served",
  ),
  row(
    "apiregistration.k8s.io",
    "apiservices",
    "APIServices of other servers",
    "no request is passed on",
    (object) => (object as { readonly spec?: { readonly service?: object } }).spec?.service !== undefined,
  ),
  row(FLOW, "flowschemas", "FlowSchemas", "no request is queued or refused"),
  row(FLOW, "prioritylevelconfigurations", "PriorityLevelConfigurations", "no request is queued or refused"),
  row(RESOURCE, "deviceclasses", "DeviceClasses", "no device is allocated"),
  row(RESOURCE, "resourceclaims", "ResourceClaims", "no device is allocated"),
  row(RESOURCE, "resourceclaimtemplates", "ResourceClaimTemplates", "no claims are made"),
  row(RESOURCE, "resourceslices", "ResourceSlices", "no device is allocated"),
  row(RESOURCE, "devicetaintrules", "DeviceTaintRules", "no device is tainted"),
  row(RESOURCE, "resourcepoolstatusrequests", "ResourcePoolStatusRequests", "none is answered"),
  row(SCHEDULING, "podgroups", "PodGroups", "Pods are scheduled one by one"),
  row(SCHEDULING, "workloads", "Workloads", "Pods are scheduled one by one"),
  row("coordination.k8s.io", "leasecandidates", "LeaseCandidates", "no leader is elected"),
  row("storagemigration.k8s.io", "storageversionmigrations", "StorageVersionMigrations", "nothing is migrated"),
  row("internal.apiserver.k8s.io", "storageversions", "StorageVersions", "nothing looks at them"),
];

/** Volumes that nodes have, and claims, of which the scheduler says what becomes. */
const VOLUMES: ReadonlySet<string> = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "hostPath",
  "image",
  "nfs",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

/** The same of fields of a Pod's spec, which may stand in a template. */
export interface PodCaveat {
  readonly title: string;
  readonly but: string;
  readonly when: (spec: PodSpec) => boolean;
}

export const POD_CAVEATS: readonly PodCaveat[] = [
  {
    title: "`resourceClaims` of Pods",
    but: "no device is allocated",
    when: ({ resourceClaims }) => (resourceClaims?.length ?? 0) > 0,
  },
  {
    title: "`schedulingGroup` of Pods",
    but: "they are scheduled one by one",
    when: ({ schedulingGroup }) => schedulingGroup !== undefined,
  },
  {
    title: "volumes of Pods that another machine has, but for `nfs` (`iscsi`, `rbd` and the like)",
    but: "no node mounts them",
    when: ({ volumes = [] }) =>
      volumes.some((volume) => Object.keys(volume).some((field) => field !== "name" && !VOLUMES.has(field))),
  },
  {
    title: "the action `RestartAllContainers` of Pods",
    but: "only the container itself is restarted",
    when: ({ containers, initContainers = [] }) =>
      [...containers, ...initContainers].some(({ restartPolicyRules = [] }) =>
        restartPolicyRules.some(({ action }) => action === "RestartAllContainers"),
      ),
  },
];

const sentence = ({ title, but }: { readonly title: string; readonly but: string }) =>
  `${title}: stored, but not acted on yet; ${but}`.replaceAll("`", "");

/** The definition, with what the tables say of its kind. */
export function withCaveats(definition: ResourceDefinition): ResourceDefinition {
  const own = CAVEATS.filter(({ group, resource }) => group === definition.group && resource === definition.resource);
  const specOf = POD_SPECS[`${definition.group}/${definition.resource}`];
  if (own.length === 0 && !specOf) return definition;
  return {
    ...definition,
    caveats(object) {
      const spec = specOf?.(object as Templated);
      return [
        ...own.filter(({ when }) => when?.(object) ?? true),
        ...(spec ? POD_CAVEATS.filter(({ when }) => when(spec)) : []),
      ].map(sentence);
    },
  };
}

interface Templated {
  readonly template?: PodTemplateSpec;
  readonly spec?: {
    readonly template?: PodTemplateSpec;
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } };
  };
}

const inSpec = ({ spec }: Templated) => spec?.template?.spec;

/** Where kinds have the spec of a Pod. */
const POD_SPECS: Readonly<Record<string, (object: Templated) => PodSpec | undefined>> = {
  "/pods": ({ spec }) => spec as PodSpec | undefined,
  "/podtemplates": ({ template }) => template?.spec,
  "/replicationcontrollers": inSpec,
  "apps/deployments": inSpec,
  "apps/replicasets": inSpec,
  "apps/statefulsets": inSpec,
  "apps/daemonsets": inSpec,
  "batch/jobs": inSpec,
  "batch/cronjobs": ({ spec }) => spec?.jobTemplate?.spec?.template?.spec,
};
