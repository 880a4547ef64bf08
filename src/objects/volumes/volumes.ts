import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "../generated/types.ts";
import { compileNodeSelector } from "../selectors/node-selector.ts";

/** What named the class of a claim or volume before there was a field for it. */
export const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

/** Of a claim: its volume is bound to it for good. */
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
/** Of a claim or volume: the binder chose the other side, not the user. */
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
/** Of a claim that waited for its first consumer: the node that the scheduler chose for it. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
/** Of a volume: the provisioner that made it. */
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
/** Of a claim: the provisioner that is to make its volume; the second is the name before. */
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
/** The provisioner of classes whose volumes the administrator makes. */
export const NO_PROVISIONER = "kubernetes.io/no-provisioner";

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class";

/** The class of a claim or volume; undefined when neither annotation nor field names one (`""` is a class: none). */
export const storageClassNameOf = ({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string | undefined =>
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName;

/** The newest of the classes that are marked as default; of equally old ones the first by name. */
export function defaultStorageClassOf(classes: Iterable<StorageClass>): StorageClass | undefined {
  let found: StorageClass | undefined;
  for (const each of classes) {
    const { annotations = {}, creationTimestamp = "", name = "" } = each.metadata;
    if (annotations[DEFAULT_CLASS] !== "true" && annotations[BETA_DEFAULT_CLASS] !== "true") continue;
    const known = found?.metadata.creationTimestamp ?? "";
    if (!found || creationTimestamp > known || (creationTimestamp === known && name < (found.metadata.name ?? ""))) {
      found = each;
    }
  }
  return found;
}

/** A claim that a pod's volume needs. */
export interface PodClaim {
  readonly name: string;
  /** Made from the volume's template, for this pod alone. */
  readonly ephemeral: boolean;
}

/** The claims that the pod's volumes need, in their order. */
export function claimsOfPod({ metadata, spec }: Pod): readonly PodClaim[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): PodClaim[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, ephemeral: false }];
    return ephemeral ? [{ name: `${metadata.name}-${name}`, ephemeral: true }] : [];
  });
}

/** Whether a claim has its volume for good. */
export const isClaimBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec?.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined;

/** Whether the volume is bound to the claim or reserved for it: a claimRef without a uid names whatever claim has the name. */
export function isBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = spec?.claimRef;
  if (!ref || ref.name !== metadata.name || ref.namespace !== metadata.namespace) return false;
  return !ref.uid || ref.uid === metadata.uid;
}

/** Says of nodes whether the volume can be reached from them; undefined: from all. */
export function nodesOfVolume({ spec }: PersistentVolume): ((node: Node) => boolean) | undefined {
  const required = spec?.nodeAffinity?.required;
  return required && compileNodeSelector(required);
}

/** The labels of volumes and nodes that say where they are. */
export const VOLUME_ZONE_LABELS: readonly string[] = [
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
];

/** Where a volume is, by the labels of zones and regions that it has. */
export function zonesOfVolume({
  metadata,
}: PersistentVolume): readonly { readonly label: string; readonly values: readonly string[] }[] {
  return VOLUME_ZONE_LABELS.flatMap((label) => {
    const value = metadata.labels?.[label];
    // Several zones of one volume are written with two underscores between them.
    return value === undefined ? [] : [{ label, values: value.split("__") }];
  });
}
