import { PROVISIONED_BY, type PersistentVolume } from "#objects";
import type { Plan } from "../framework/index.ts";
import { LOCAL_PROVISIONER } from "./port.ts";
import { DATA_FINALIZER } from "./provision-plan.ts";

export type DeleteStep =
  /** Removes the data, then the volume, then its finalizer. */
  | { readonly type: "remove"; readonly volume: PersistentVolume; readonly node: string }
  | { readonly type: "finalizers"; readonly volume: PersistentVolume; readonly finalizers: readonly string[] };

/** Whether this provisioner has made the volume. */
export const isOurs = ({ metadata }: PersistentVolume): boolean =>
  metadata.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER;

/** Removes the data of volumes that nothing uses any more, by their reclaim policy. */
export function planDelete(volume: PersistentVolume): Plan<DeleteStep> {
  const { metadata, spec, status } = volume;
  if (!isOurs(volume)) return { steps: [], because: "another has made it" };
  const { finalizers = [], deletionTimestamp } = metadata;
  const isProtected = finalizers.includes(DATA_FINALIZER);
  if (spec?.persistentVolumeReclaimPolicy !== "Delete") {
    if (!isProtected) return { steps: [], because: "its data is kept" };
    return { steps: [{ type: "finalizers", volume, finalizers: without(finalizers) }], because: "its data is kept" };
  }
  if (status?.phase === "Released" && (isProtected || deletionTimestamp === undefined)) {
    return { steps: [{ type: "remove", volume, node: nodeOf(volume) }], because: "its claim is gone" };
  }
  if (isProtected || deletionTimestamp !== undefined) return { steps: [], because: "its data is needed" };
  return {
    steps: [{ type: "finalizers", volume, finalizers: [...finalizers, DATA_FINALIZER] }],
    because: "its data goes before it",
  };
}

/** The finalizers without that of the data. */
export const without = (finalizers: readonly string[]): string[] =>
  finalizers.filter((name) => name !== DATA_FINALIZER);

/** The node that has the data, by its label of the host name, as it was written when the volume was made. */
const nodeOf = ({ spec }: PersistentVolume): string =>
  spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.[0] ?? "";
