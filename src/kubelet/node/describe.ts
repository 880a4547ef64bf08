import type { Draft, New, Node, NodeCondition, NodeStatus } from "#objects";
import type { NodeImage } from "../runtime.ts";

/** What a node is, beyond what runs on it. */
export interface NodeDescription {
  readonly name: string;
  /** Quantities, as a Node's status has them. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly podCidr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly info: {
    readonly kubeletVersion: string;
    readonly containerRuntimeVersion: string;
    readonly osImage: string;
    readonly kernelVersion: string;
    readonly operatingSystem: string;
    readonly architecture: string;
    readonly machineId: string;
    readonly systemUuid: string;
    readonly bootId: string;
  };
}

/** The conditions that a kubelet posts when all is well, with upstream's reasons and texts. */
const WELL: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
];

/** The most images that a node lists (upstream nodeStatusMaxImages). */
const MAX_IMAGES = 50;

export function nodeConditions(before: readonly NodeCondition[] | undefined, timestamp: string): NodeCondition[] {
  const ours = WELL.map(([type, status, reason, message]) => {
    const old = before?.find((condition) => condition.type === type);
    return {
      type,
      status,
      reason,
      message,
      lastHeartbeatTime: timestamp,
      lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? timestamp) : timestamp,
    };
  });
  const others = (before ?? []).filter(({ type }) => !WELL.some(([name]) => name === type));
  return [...others, ...ours];
}

export function nodeStatus(
  description: NodeDescription,
  before: NodeStatus | undefined,
  images: readonly NodeImage[],
  timestamp: string,
): NodeStatus {
  const { info } = description;
  return {
    ...before,
    addresses: description.addresses,
    capacity: description.capacity,
    allocatable: description.allocatable ?? description.capacity,
    conditions: nodeConditions(before?.conditions, timestamp),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    images: [...images]
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_IMAGES)
      .map(({ names, bytes }) => ({ names, sizeBytes: bytes })),
    nodeInfo: {
      architecture: info.architecture,
      bootID: info.bootId,
      containerRuntimeVersion: info.containerRuntimeVersion,
      kernelVersion: info.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: info.kubeletVersion,
      machineID: info.machineId,
      operatingSystem: info.operatingSystem,
      osImage: info.osImage,
      systemUUID: info.systemUuid,
    },
  } as NodeStatus;
}

/** The Node that a kubelet registers itself with. */
export function newNode(description: NodeDescription, timestamp: string): New<Node> & { status: Draft<NodeStatus> } {
  const { name, info, labels, podCidr } = description;
  return {
    metadata: {
      name,
      labels: {
        "beta.kubernetes.io/arch": info.architecture,
        "beta.kubernetes.io/os": info.operatingSystem,
        "kubernetes.io/arch": info.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": info.operatingSystem,
        ...labels,
      },
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
    status: nodeStatus(description, undefined, [], timestamp) as Draft<NodeStatus>,
  };
}
