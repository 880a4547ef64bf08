import type { Pod } from "#objects";

/** Where a pod of a kubelet comes from: `api`, `file` (upstream types.ConfigSourceAnnotationKey). */
export const CONFIG_SOURCE = "kubernetes.io/config.source";
/** When the kubelet first saw it. */
export const CONFIG_SEEN = "kubernetes.io/config.seen";
/** What its file held; also its uid. */
export const CONFIG_HASH = "kubernetes.io/config.hash";
/** On a pod at the API: it only shows a static pod, the one with this hash. */
export const CONFIG_MIRROR = "kubernetes.io/config.mirror";

/** Whether a pod is run without the API having asked for it. */
export function isStaticPod({ metadata: { annotations } }: Pod): boolean {
  const source = annotations?.[CONFIG_SOURCE];
  return source !== undefined && source !== "api";
}

/** Whether a pod at the API is the mirror of a static pod. */
export const isMirrorPod = ({ metadata: { annotations } }: Pod): boolean => annotations?.[CONFIG_MIRROR] !== undefined;

/** The uid that a pod has on its node: of a mirror pod, that of the static pod that it shows. */
export const uidOnNode = ({ metadata: { annotations, uid = "" } }: Pod): string => annotations?.[CONFIG_MIRROR] ?? uid;
