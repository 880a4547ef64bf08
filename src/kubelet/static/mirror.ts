import { revisionOf } from "#client";
import { equalJson, type New, type Node, type Pod, type PodStatus } from "#objects";
import { CONFIG_HASH, CONFIG_MIRROR } from "./annotations.ts";

/** What is known of a static pod's mirror, when it is to be decided what comes next. */
export interface MirrorView {
  /** The static pod that there is. */
  readonly pod: Pod | undefined;
  /** How it is. */
  readonly status: PodStatus | undefined;
  /** What the API has under its name. */
  readonly mirror: Pod | undefined;
  /** What the API was told last, and of which mirror: it may keep a status in a form of its own. */
  readonly told: { readonly status: PodStatus; readonly uid: string | undefined } | undefined;
}

/** What is to be done about the mirror of a static pod at the API. */
export type MirrorStep =
  | { readonly type: "create"; readonly pod: Pod }
  | { readonly type: "delete"; readonly mirror: Pod }
  | { readonly type: "write-status"; readonly mirror: Pod; readonly status: PodStatus };

/** The next step, if any (upstream tryReconcileMirrorPods). */
export function planMirror({ pod, status, mirror, told }: MirrorView): MirrorStep | undefined {
  if (!mirror) return pod && { type: "create", pod };
  // A client that deletes the mirror does not end the pod: the mirror is made again.
  const stale = mirror.metadata.deletionTimestamp !== undefined || !pod || !isMirrorOf(mirror, pod);
  if (stale) return { type: "delete", mirror };
  if (!status || equalJson(mirror.status, status)) return undefined;
  if (told?.status === status && told.uid === mirror.metadata.uid) return undefined;
  return { type: "write-status", mirror, status };
}

/** Whether a mirror pod shows this very static pod. */
export function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[CONFIG_MIRROR] === pod.metadata.annotations?.[CONFIG_HASH];
}

/** Whether this is a later state than `before`, if there is one. */
export const isNewer = (mirror: Pod, before: Pod | undefined): boolean =>
  revisionOf(mirror.metadata.resourceVersion) > revisionOf(before?.metadata.resourceVersion);

/** The mirror of a static pod, which goes with its node. */
export function mirrorOf(pod: Pod, node: Node): New<Pod> {
  const { name = "", uid = "" } = node.metadata;
  const { uid: hash, resourceVersion: _local, ...metadata } = pod.metadata;
  return {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [CONFIG_MIRROR]: hash ?? "" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid, controller: true }],
    },
    spec: pod.spec,
  };
}

/** A static pod whose manifest went while the kubelet was down, known by the mirror pod that is left of it. */
export function fromMirror(mirror: Pod): Pod {
  const { metadata } = mirror;
  const uid = metadata.annotations?.[CONFIG_MIRROR] ?? "";
  return { ...mirror, metadata: { ...metadata, uid, resourceVersion: "1" } };
}
