import type { AnyDraft, Draft, KubeObject, Pod } from "#objects";

/** Whether it is about pods. */
export const isPod = ({ group, resource }: { readonly group: string; readonly resource: string }): boolean =>
  group === "" && resource === "pods";

/** A pod under its type; only for what {@link isPod}. */
export const podOf = (object: AnyDraft | KubeObject): Draft<Pod> => object as unknown as Draft<Pod>;
