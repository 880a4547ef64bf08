import type { New, Node, Pod } from "#objects";
import { CONFIG_HASH, CONFIG_MIRROR } from "./annotations.ts";

/** What is to be done about the mirror of a static pod at the API (upstream tryReconcileMirrorPods). */
export type MirrorStep = "create" | "delete" | "none";

/** `pod`: the static pod that there is; `mirror`: what the API has under its name. */
export function planMirror(pod: Pod | undefined, mirror: Pod | undefined): MirrorStep {
  if (!mirror) return pod ? "create" : "none";
  if (!pod) return "delete";
  // A client that deletes the mirror does not end the pod: the mirror is made again.
  return mirror.metadata.deletionTimestamp !== undefined || !isMirrorOf(mirror, pod) ? "delete" : "none";
}

/** Whether a mirror pod shows this very static pod. */
export function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[CONFIG_MIRROR] === pod.metadata.annotations?.[CONFIG_HASH];
}

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
