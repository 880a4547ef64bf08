import type { Pod } from "#objects";
import type { ConnectSubresource, Verb } from "../../definition.ts";
import { define, served } from "../common/define.ts";
import { binding } from "./pod/binding.ts";
import { POD_COLUMNS } from "./pod/columns.ts";
import { defaultPod } from "./pod/defaults.ts";
import { ephemeralContainers } from "./pod/ephemeral-containers.ts";
import { eviction } from "./pod/eviction.ts";
import { resize } from "./pod/resize.ts";
import { podGraceSeconds, preparePod, preparePodStatus } from "./pod/strategy.ts";
import { validateNewPod, validatePod } from "./pod/validation/pod.ts";
import { validatePodStatusUpdate } from "./pod/validation/status.ts";
import { validatePodUpdate } from "./pod/validation/update.ts";
import { podWarnings } from "./pod/warnings.ts";

const connect = (kind: string, ...verbs: readonly Verb[]): ConnectSubresource => ({ type: "connect", kind, verbs });

export const pods = define<Pod>({
  group: "",
  resource: "pods",
  singular: "pod",
  kind: "Pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "Pod")],
  requiresResourceVersionOnUpdate: false,
  returnsDeletedObject: true,
  hasStatus: true,
  // Old kubelets write owners that garbage collection stumbles over.
  statusResetFields: ["ownerReferences"],
  hasGeneration: true,
  applyDefaults: defaultPod,
  prepareForCreate: preparePod,
  prepareForStatusUpdate: preparePodStatus,
  validate: (pod) => validatePod(pod),
  validateCreate: validateNewPod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podWarnings,
  gracefulDeletion: podGraceSeconds,
  subresources: {
    attach: connect("PodAttachOptions", "create", "get"),
    binding,
    ephemeralcontainers: ephemeralContainers,
    eviction,
    exec: connect("PodExecOptions", "create", "get"),
    log: connect("Pod", "get"),
    portforward: connect("PodPortForwardOptions", "create", "get"),
    proxy: connect("PodProxyOptions", "create", "delete", "get", "patch", "update"),
    resize,
  },
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => `${spec?.hostNetwork ?? false}`,
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? "",
    "status.podIPs": ({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).join(","),
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
  columns: POD_COLUMNS,
});
