import { createHash } from "node:crypto";
import type { VolumeSpec } from "#kubelet";
import type { CSIDriver, Pod, VolumeAttachment } from "#objects";
import type { AccessModeName, NodeCapability, PublishRequest, StageRequest, VolumeCapability } from "./messages.ts";

export type Texts = Readonly<Record<string, string>>;

/** A volume of a driver, as a pod wants it. */
export interface CsiVolume {
  readonly driver: string;
  /** What the driver calls it. */
  readonly handle: string;
  /** What the node calls it: the PersistentVolume's name, or that of the pod's volume. */
  readonly name: string;
  readonly lifecycle: "Persistent" | "Ephemeral";
  readonly mode: "Filesystem" | "Block";
  readonly readOnly: boolean;
  readonly fsType: string;
  readonly accessModes: readonly string[] | undefined;
  readonly mountOptions: readonly string[];
  readonly attributes: Texts;
  readonly stageSecret?: SecretReference;
  readonly publishSecret?: SecretReference;
  readonly expandSecret?: SecretReference;
}

export interface SecretReference {
  readonly namespace: string;
  readonly name: string;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The directory of a volume among those of its driver. */
export const handleHash = (handle: string): string => sha256(handle);

/** The VolumeAttachment of a volume and a node (upstream getAttachmentName). */
export const attachmentName = ({ handle, driver }: Pick<CsiVolume, "handle" | "driver">, node: string): string =>
  `csi-${sha256(handle + driver + node)}`;

/** Undefined: it is of no driver. */
export function csiVolumeOf({ volume, bound, name, readOnly, mode }: VolumeSpec, pod: Pod): CsiVolume | undefined {
  const { uid = "", namespace = "" } = pod.metadata;
  const { csi: persistent, accessModes, mountOptions = [] } = bound?.volume.spec ?? {};
  if (persistent) {
    const { driver, volumeHandle, fsType = "", volumeAttributes = {} } = persistent;
    const { nodeStageSecretRef, nodePublishSecretRef, nodeExpandSecretRef } = persistent;
    return {
      driver,
      handle: volumeHandle,
      name,
      lifecycle: "Persistent",
      mode,
      readOnly,
      fsType,
      accessModes,
      mountOptions,
      attributes: volumeAttributes,
      ...(nodeStageSecretRef ? { stageSecret: referenceOf(nodeStageSecretRef) } : {}),
      ...(nodePublishSecretRef ? { publishSecret: referenceOf(nodePublishSecretRef) } : {}),
      ...(nodeExpandSecretRef ? { expandSecret: referenceOf(nodeExpandSecretRef) } : {}),
    };
  }
  if (bound || !volume.csi) return undefined;
  const {
    driver,
    fsType = "",
    readOnly: inlineReadOnly = false,
    volumeAttributes = {},
    nodePublishSecretRef,
  } = volume.csi;
  return {
    driver,
    handle: `csi-${sha256(uid + volume.name)}`,
    name,
    lifecycle: "Ephemeral",
    mode,
    readOnly: inlineReadOnly,
    fsType,
    accessModes: undefined,
    mountOptions: [],
    attributes: volumeAttributes,
    ...(nodePublishSecretRef ? { publishSecret: { namespace, name: nodePublishSecretRef.name ?? "" } } : {}),
  };
}

const referenceOf = ({ namespace = "", name = "" }: Partial<SecretReference>): SecretReference => ({ namespace, name });

/**
 * Why the driver does not take volumes that are used so (upstream supportsVolumeLifecycleMode); undefined: it does.
 */
export function lifecycleProblem(
  { driver, lifecycle }: Pick<CsiVolume, "driver" | "lifecycle">,
  object: CSIDriver | undefined,
): string | undefined {
  const modes = object?.spec.volumeLifecycleModes ?? [];
  if (!object && lifecycle === "Persistent") return undefined;
  const refused = `volume mode "${lifecycle}" not supported by driver ${driver}`;
  if (!object) return `${refused} (no CSIDriver object)`;
  if (modes.includes(lifecycle)) return undefined;
  return `${refused} (only supports [${modes.map((mode) => `"${mode}"`).join(" ")}])`;
}

/** Where the attachment of a volume is; `error`: it will not come by waiting. */
export type Attachment =
  | { readonly state: "attached" | "waiting" }
  | { readonly state: "failed"; readonly error: string };

/** Upstream WaitForAttach and verifyAttachmentStatus. */
export function attachmentOf(volume: CsiVolume, attachment: VolumeAttachment | undefined): Attachment {
  if (!attachment) return { state: "waiting" };
  if (attachment.metadata.deletionTimestamp !== undefined) {
    return { state: "failed", error: "volume attachment is being deleted" };
  }
  const { attached, attachError } = attachment.status ?? { attached: false };
  if (attached) return { state: "attached" };
  return attachError ? { state: "failed", error: attachError.message ?? "" } : { state: "waiting" };
}

/** What the driver is told of the pod, if it wants to know. */
export const podAttributes = ({ metadata, spec }: Pod, { lifecycle }: Pick<CsiVolume, "lifecycle">): Texts => ({
  "csi.storage.k8s.io/pod.name": metadata.name ?? "",
  "csi.storage.k8s.io/pod.namespace": metadata.namespace ?? "",
  "csi.storage.k8s.io/pod.uid": metadata.uid ?? "",
  "csi.storage.k8s.io/serviceAccount.name": spec?.serviceAccountName ?? "",
  "csi.storage.k8s.io/ephemeral": String(lifecycle === "Ephemeral"),
});

/** What a driver is asked with, beside what the volume itself says. */
export interface CallContext {
  readonly capabilities: ReadonlySet<NodeCapability>;
  readonly stagingPath: string;
  readonly publishContext: Texts;
  readonly secrets: Texts;
  /** The pod's fsGroup. */
  readonly fsGroup: number | undefined;
}

export const stageRequest = (volume: CsiVolume, context: CallContext): StageRequest => ({
  volumeId: volume.handle,
  publishContext: context.publishContext,
  stagingTargetPath: context.stagingPath,
  volumeCapability: capabilityOf(volume, context),
  secrets: context.secrets,
  volumeContext: volume.attributes,
});

export const publishRequest = (
  volume: CsiVolume,
  context: CallContext & { readonly targetPath: string; readonly attributes: Texts },
): PublishRequest => ({
  ...stageRequest(volume, context),
  volumeContext: { ...volume.attributes, ...context.attributes },
  targetPath: context.targetPath,
  readonly: volume.readOnly,
});

/** How the volume is to be had; upstream sends the first of several access modes. */
export function capabilityOf(
  { mode, fsType, mountOptions, accessModes }: CsiVolume,
  { capabilities, fsGroup }: Pick<CallContext, "capabilities" | "fsGroup">,
): VolumeCapability {
  const accessMode = {
    mode: accessModeOf(accessModes?.[0] ?? "ReadWriteOnce", capabilities.has("SINGLE_NODE_MULTI_WRITER")),
  };
  if (mode === "Block") return { block: {}, accessMode };
  const group = capabilities.has("VOLUME_MOUNT_GROUP") && fsGroup !== undefined ? String(fsGroup) : "";
  return { mount: { fsType, mountFlags: mountOptions, volumeMountGroup: group }, accessMode };
}

function accessModeOf(mode: string, severalWriters: boolean): AccessModeName {
  switch (mode) {
    case "ReadWriteOnce":
      return severalWriters ? "SINGLE_NODE_MULTI_WRITER" : "SINGLE_NODE_WRITER";
    case "ReadWriteOncePod":
      return severalWriters ? "SINGLE_NODE_SINGLE_WRITER" : "SINGLE_NODE_WRITER";
    case "ReadOnlyMany":
      return "MULTI_NODE_READER_ONLY";
    case "ReadWriteMany":
      return "MULTI_NODE_MULTI_WRITER";
    default:
      return "UNKNOWN";
  }
}

/** Whether the kubelet gives the files to the pod's group: the driver does not do it itself (upstream supportsFSGroup). */
export function kubeletOwnsGroup(
  { readOnly, mode, fsType, accessModes, lifecycle }: CsiVolume,
  { capabilities, fsGroup }: Pick<CallContext, "capabilities" | "fsGroup">,
  policy: string,
): boolean {
  if (fsGroup === undefined || capabilities.has("VOLUME_MOUNT_GROUP")) return false;
  if (policy === "None" || readOnly || mode === "Block") return false;
  if (policy === "File") return true;
  if (fsType === "") return false;
  if (lifecycle === "Ephemeral") return true;
  return (accessModes ?? []).some((one) => one === "ReadWriteOnce" || one === "ReadWriteOncePod");
}
