import type { KubeObject, LabelSelector } from "#objects";
import type { ScaleSubresource } from "../../definition.ts";

interface Replicated extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector | Readonly<Record<string, string>> };
  readonly status?: { readonly replicas?: number };
}

/** The subresource `scale` of what has replicas: `spec.replicas` of them, chosen by `spec.selector`. */
export const scaleByReplicas = <T extends Replicated>(): ScaleSubresource<T> => ({
  type: "scale",
  replicas: ({ spec }) => spec?.replicas ?? 0,
  currentReplicas: ({ status }) => status?.replicas ?? 0,
  selector: ({ spec }) => spec?.selector,
  setReplicas(draft, replicas) {
    if (draft.spec) draft.spec.replicas = replicas;
  },
});
