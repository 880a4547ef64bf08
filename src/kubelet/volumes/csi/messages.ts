/** The parts of CSI v1 and of plugin registration v1 that a kubelet speaks, by their field numbers (see `#wire/grpc`). */

export const CSI_TABLE: readonly string[] = [
  "rpc Node.NodeGetInfo Empty NodeInfo",
  "rpc Node.NodeGetCapabilities Empty NodeCapabilities",
  "rpc Node.NodeStageVolume StageRequest Empty",
  "rpc Node.NodeUnstageVolume UnstageRequest Empty",
  "rpc Node.NodePublishVolume PublishRequest Empty",
  "rpc Node.NodeUnpublishVolume UnpublishRequest Empty",
  "rpc Node.NodeGetVolumeStats StatsRequest VolumeStats",
  "rpc Node.NodeExpandVolume ExpandRequest Expanded",
  "Empty",
  "NodeInfo nodeId:1:string maxVolumesPerNode:2:int64 accessibleTopology:3:Topology",
  "Topology segments:1:{}string",
  "NodeCapabilities capabilities:1:[]NodeCapability",
  "NodeCapability rpc:1:NodeRpc",
  "NodeRpc type:1:NodeRpcType",
  "enum NodeRpcType UNKNOWN_RPC=0 STAGE_UNSTAGE_VOLUME=1 GET_VOLUME_STATS=2 EXPAND_VOLUME=3 VOLUME_CONDITION=4 SINGLE_NODE_MULTI_WRITER=5 VOLUME_MOUNT_GROUP=6",
  "StageRequest volumeId:1:string publishContext:2:{}string stagingTargetPath:3:string volumeCapability:4:VolumeCapability secrets:5:{}string volumeContext:6:{}string",
  "UnstageRequest volumeId:1:string stagingTargetPath:2:string",
  "PublishRequest volumeId:1:string publishContext:2:{}string stagingTargetPath:3:string targetPath:4:string volumeCapability:5:VolumeCapability readonly:6:bool secrets:7:{}string volumeContext:8:{}string",
  "UnpublishRequest volumeId:1:string targetPath:2:string",
  "VolumeCapability block:1:BlockVolume mount:2:MountVolume accessMode:3:AccessMode",
  "BlockVolume",
  "MountVolume fsType:1:string mountFlags:2:[]string volumeMountGroup:3:string",
  "AccessMode mode:1:AccessModeName",
  "enum AccessModeName UNKNOWN=0 SINGLE_NODE_WRITER=1 SINGLE_NODE_READER_ONLY=2 MULTI_NODE_READER_ONLY=3 MULTI_NODE_SINGLE_WRITER=4 MULTI_NODE_MULTI_WRITER=5 SINGLE_NODE_SINGLE_WRITER=6 SINGLE_NODE_MULTI_WRITER=7",
  "StatsRequest volumeId:1:string volumePath:2:string stagingTargetPath:3:string",
  "VolumeStats usage:1:[]VolumeUsage volumeCondition:2:VolumeCondition",
  "VolumeUsage available:1:int64 total:2:int64 used:3:int64 unit:4:UsageUnit",
  "enum UsageUnit UNKNOWN_UNIT=0 BYTES=1 INODES=2",
  "VolumeCondition abnormal:1:bool message:2:string",
  "ExpandRequest volumeId:1:string volumePath:2:string capacityRange:3:CapacityRange stagingTargetPath:4:string volumeCapability:5:VolumeCapability secrets:6:{}string",
  "CapacityRange requiredBytes:1:int64 limitBytes:2:int64",
  "Expanded capacityBytes:1:int64",
];

type Texts = Readonly<Record<string, string>>;
type Empty = Readonly<Record<string, never>>;

export type NodeCapability =
  | "STAGE_UNSTAGE_VOLUME"
  | "GET_VOLUME_STATS"
  | "EXPAND_VOLUME"
  | "VOLUME_CONDITION"
  | "SINGLE_NODE_MULTI_WRITER"
  | "VOLUME_MOUNT_GROUP";

export interface NodeInfo {
  readonly nodeId: string;
  readonly maxVolumesPerNode: number;
  readonly accessibleTopology: { readonly segments: Texts } | null;
}

export type AccessModeName =
  | "UNKNOWN"
  | "SINGLE_NODE_WRITER"
  | "MULTI_NODE_READER_ONLY"
  | "MULTI_NODE_MULTI_WRITER"
  | "SINGLE_NODE_SINGLE_WRITER"
  | "SINGLE_NODE_MULTI_WRITER";

export interface VolumeCapability {
  readonly block?: Empty;
  readonly mount?: {
    readonly fsType: string;
    readonly mountFlags: readonly string[];
    readonly volumeMountGroup: string;
  };
  readonly accessMode: { readonly mode: AccessModeName };
}

export interface StageRequest {
  readonly volumeId: string;
  readonly publishContext: Texts;
  readonly stagingTargetPath: string;
  readonly volumeCapability: VolumeCapability;
  readonly secrets: Texts;
  readonly volumeContext: Texts;
}

export interface PublishRequest extends StageRequest {
  readonly targetPath: string;
  readonly readonly: boolean;
}

export interface VolumeUsage {
  readonly available: number;
  readonly total: number;
  readonly used: number;
  readonly unit: "UNKNOWN_UNIT" | "BYTES" | "INODES";
}

export interface CsiMethods {
  readonly "Node.NodeGetInfo": readonly [Empty, NodeInfo];
  readonly "Node.NodeGetCapabilities": readonly [
    Empty,
    { readonly capabilities: readonly { readonly rpc: { readonly type: NodeCapability } | null }[] },
  ];
  readonly "Node.NodeStageVolume": readonly [StageRequest, Empty];
  readonly "Node.NodeUnstageVolume": readonly [
    { readonly volumeId: string; readonly stagingTargetPath: string },
    Empty,
  ];
  readonly "Node.NodePublishVolume": readonly [PublishRequest, Empty];
  readonly "Node.NodeUnpublishVolume": readonly [{ readonly volumeId: string; readonly targetPath: string }, Empty];
  readonly "Node.NodeGetVolumeStats": readonly [
    { readonly volumeId: string; readonly volumePath: string; readonly stagingTargetPath: string },
    {
      readonly usage: readonly VolumeUsage[];
      readonly volumeCondition: { readonly abnormal: boolean; readonly message: string } | null;
    },
  ];
  readonly "Node.NodeExpandVolume": readonly [
    {
      readonly volumeId: string;
      readonly volumePath: string;
      readonly capacityRange: { readonly requiredBytes: number; readonly limitBytes: number };
      readonly stagingTargetPath: string;
      readonly volumeCapability: VolumeCapability;
      readonly secrets: Texts;
    },
    { readonly capacityBytes: number },
  ];
}

export const REGISTRATION_TABLE: readonly string[] = [
  "rpc Registration.GetInfo Empty PluginInfo",
  "rpc Registration.NotifyRegistrationStatus RegistrationStatus Empty",
  "Empty",
  "PluginInfo type:1:string name:2:string endpoint:3:string supportedVersions:4:[]string",
  "RegistrationStatus pluginRegistered:1:bool error:2:string",
];

export interface PluginInfo {
  readonly type: string;
  readonly name: string;
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

export interface RegistrationMethods {
  readonly "Registration.GetInfo": readonly [Empty, PluginInfo];
  readonly "Registration.NotifyRegistrationStatus": readonly [
    { readonly pluginRegistered: boolean; readonly error: string },
    Empty,
  ];
}
