import type { Draft, New, Node, NodeStatus } from "#objects";
import type { NodeImage } from "../runtime.ts";
import { nodeConditions } from "./conditions.ts";
import type { NodeHealth } from "./health.ts";

/** What a node is, beyond what runs on it. */
export interface NodeDescription {
  readonly name: string;
  /** Quantities, as a Node's status has them. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly podCidr: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What its runtime can do that not every one can. */
  readonly features?: { readonly supplementalGroupsPolicy: boolean };
  readonly info: {
    readonly kubeletVersion: string;
    readonly osImage: string;
    readonly kernelVersion: string;
    readonly operatingSystem: string;
    readonly architecture: string;
    readonly machineId: string;
    readonly systemUuid: string;
    readonly bootId: string;
  };
}

/** The most images that a node lists (upstream nodeStatusMaxImages). */
const MAX_IMAGES = 50;

/** What changes about a node while its kubelet runs. */
export interface NodeState {
  readonly health: NodeHealth;
  readonly images: readonly NodeImage[];
  /** `containerd://2.1.0` */
  readonly runtimeVersion: string;
}

export function nodeStatus(
  description: NodeDescription,
  before: NodeStatus | undefined,
  { health, images, runtimeVersion }: NodeState,
  timestamp: string,
): NodeStatus {
  const { info, features } = description;
  const { features: _, ...kept } = before ?? {};
  return {
    ...kept,
    ...(features ? { features } : {}),
    addresses: description.addresses,
    capacity: description.capacity,
    allocatable: description.allocatable ?? description.capacity,
    conditions: nodeConditions(before?.conditions, health, timestamp),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    images: [...images]
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_IMAGES)
      .map(({ names, bytes }) => ({ names, sizeBytes: bytes })),
    nodeInfo: {
      architecture: info.architecture,
      bootID: info.bootId,
      containerRuntimeVersion: runtimeVersion,
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
export function newNode(
  description: NodeDescription,
  state: NodeState,
  timestamp: string,
): New<Node> & { status: Draft<NodeStatus> } {
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
    status: nodeStatus(description, undefined, state, timestamp) as Draft<NodeStatus>,
  };
}
